"""A process killed at every commit and every Stripe call of a purchase: the sweeps bring everything to one end."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from connect.models import StripeEvent
from maly import crash
from notifications.models import Message
from ticketing.models import Order, Payment, Refund, Ticket
from ticketing.services import charges, checkout, holds, refund_sweeps
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The process is gone: nothing of ours catches this."""


@pytest.fixture
def kill_at() -> Iterator[Callable[[str], None]]:
    def install(point: str) -> None:
        def hook(name: str) -> None:
            if name == point:
                crash.install_hook(None)
                raise Killed(name)

        crash.install_hook(hook)

    yield install
    crash.install_hook(None)


@pytest.fixture
def crossed() -> Iterator[list[str]]:
    """The crash points that the code has passed."""
    names: list[str] = []
    crash.install_hook(names.append)
    yield names
    crash.install_hook(None)


@pytest.fixture
def converge(settle) -> Callable[[], None]:
    """What the sweeps do after the leases of the dead have lapsed and every hold has ended."""

    def run() -> None:
        crash.install_hook(None)
        now = timezone.now()
        for _ in range(3):
            Payment.objects.update(lease_until=None)
            Message.objects.update(lease_until=None, due_at=now - timedelta(hours=1))
            StripeEvent.objects.update(lease_until=None, due_at=now - timedelta(hours=1))
            settle()
            holds.resolve_requested_payments(now=now + timedelta(seconds=60))
            Payment.objects.update(lease_until=None)
            holds.expire_due_holds(now=now + timedelta(minutes=40))
            Refund.objects.update(lease_until=None)
            refund_sweeps.resolve_refunds(now=now + timedelta(seconds=60))
            charges.record_missing_charge_money(now=now + timedelta(minutes=40))

    return run


def state_of(general):
    """Stock, order and tickets, which must agree whatever has happened."""
    general.refresh_from_db()
    general.event.refresh_from_db()
    order = Order.objects.order_by("pk").first()
    sold = Ticket.objects.filter(ticket_type=general).exclude(status=Ticket.Status.CANCELLED).count()
    assert (general.held, general.sold) == (0, sold)
    assert (general.event.held, general.event.sold) == (0, Ticket.objects.count())
    return order.status if order else None


def sessions_of(sandbox):
    from sandbox.server import Sandbox

    assert isinstance(sandbox, Sandbox)
    _, log = sandbox.control("GET", "/_sandbox/requests?path=/v1/checkout/sessions", None)
    made = [each for each in log if each["method"] == "POST" and each["path"] == "/v1/checkout/sessions"]
    return {each["response_id"] for each in made if each["response_id"]}


START = [
    "checkout.held",
    "checkout.payment_requested",
    "stripe.create_checkout_session.before",
    "stripe.create_checkout_session.after",
    "checkout.session_created",
    "checkout.session_recorded",
]
SETTLE = [
    "connect.event_stored",
    "connect.event_claimed",
    "connect.event_handled",
    "stripe.retrieve_session.before",
    "stripe.retrieve_session.after",
    "settle.fetched",
    "settle.committed",
    "stripe.retrieve_charge.before",
    "stripe.retrieve_charge.after",
    "charge.fetched",
    "charge.recorded",
    "message.before_send",
    "message.sent",
]
EXPIRE = [
    "expire.claimed",
    "stripe.expire_session.before",
    "stripe.expire_session.after",
    "expire.expired_at_stripe",
    "settle.committed",
]
CANCEL = ["cancel.before_expire", "cancel.expired_at_stripe", "settle.committed", "cancel.committed"]
REFUND = [
    "settle.committed",
    "stripe.create_refund.before",
    "stripe.create_refund.after",
    "refund.created",
    "refund.recorded",
]


@pytest.mark.parametrize("point", START)
def test_killed_while_the_checkout_starts(point, general, buy, kill_at, converge, sandbox):
    kill_at(point)
    with pytest.raises(Killed):
        buy((general, 2))
    converge()
    assert state_of(general) == Order.Status.EXPIRED
    assert len(sessions_of(sandbox)) <= 1
    assert mail.outbox == []


@pytest.mark.parametrize("point", START)
def test_killed_while_the_checkout_starts_and_the_client_repeats_its_request(
    point, general, buy, pay, kill_at, converge, sandbox
):
    key = ("guest:ada", "the-key")
    kill_at(point)
    with pytest.raises(Killed):
        buy((general, 2), idempotency=key)
    Payment.objects.update(lease_until=None)
    start = buy((general, 2), idempotency=key)
    pay(start.payment.session_id)
    converge()
    assert state_of(general) == Order.Status.PAID
    assert Order.objects.count() == 1
    assert len(sessions_of(sandbox)) == 1


@pytest.mark.parametrize("point", SETTLE)
def test_killed_between_payment_and_ticket(point, general, buy, pay, settle, kill_at, converge):
    start = buy((general, 2))
    pay(start.payment.session_id)
    kill_at(point)
    with pytest.raises(Killed):
        settle()
    converge()
    assert state_of(general) == Order.Status.PAID
    payment = Payment.objects.get()
    assert payment.stripe_fee_amount is not None
    assert Message.objects.filter(kind="ticket_confirmation", state="sent").count() == 1
    assert len(mail.outbox) == (3 if point == "message.sent" else 2)  # the buyer's and the organizer's


@pytest.mark.parametrize("point", EXPIRE)
def test_killed_while_a_hold_is_expired(point, general, buy, kill_at, converge):
    buy((general, 2))
    kill_at(point)
    with pytest.raises(Killed):
        holds.expire_due_holds(now=timezone.now() + timedelta(minutes=33))
    converge()
    assert state_of(general) == Order.Status.EXPIRED


@pytest.mark.parametrize("point", CANCEL)
def test_killed_while_the_buyer_cancels(point, general, buy, kill_at, converge):
    start = buy((general, 2))
    kill_at(point)
    with pytest.raises(Killed):
        checkout.cancel_checkout(start.order)
    converge()
    assert state_of(general) in (Order.Status.EXPIRED, Order.Status.CANCELLED)


@pytest.mark.parametrize("point", REFUND)
def test_killed_while_a_late_payment_goes_back(lose_hold, point, event, buy, pay, settle, kill_at, converge):
    scarce = TicketTypeFactory(event=event, capacity=2, name="Scarce")
    start = buy((scarce, 2))
    lose_hold(start.payment)
    other = buy((scarce, 2), email="else@example.com")
    pay(other.payment.session_id)
    settle()
    pay(start.payment.session_id)
    kill_at(point)
    with pytest.raises(Killed):
        settle()
    converge()
    assert state_of(scarce) == Order.Status.REFUNDED
    payment = Payment.objects.get(order=start.order)
    assert Refund.objects.get(payment=payment).status == Refund.Status.SUCCEEDED
    assert Message.objects.filter(kind="refund_confirmation").count() == 1


def test_killed_after_a_refused_checkout_was_given_up(general, buy, kill_at, converge, sandbox):
    fault = {"method": "POST", "path": "/v1/checkout/sessions", "effect": "error_429", "times": 2}
    sandbox.control("POST", "/_sandbox/faults", fault)
    kill_at("checkout.request_failed")
    with pytest.raises(Killed):
        buy((general, 2))
    assert state_of(general) == Order.Status.EXPIRED
    converge()
    assert state_of(general) == Order.Status.EXPIRED


def test_killed_after_an_abandoned_order_was_closed(general, buy, kill_at, converge):
    kill_at("checkout.held")
    with pytest.raises(Killed):
        buy((general, 2))
    kill_at("expire.committed")
    with pytest.raises(Killed):
        holds.expire_due_holds(now=timezone.now() + timedelta(minutes=2))
    assert state_of(general) == Order.Status.EXPIRED
    converge()
    assert state_of(general) == Order.Status.EXPIRED


def test_the_lists_above_name_every_crash_point_of_these_flows(general, buy, pay, settle, crossed):
    start = buy((general, 1))
    pay(start.payment.session_id)
    settle()
    buy((general, 1))
    holds.expire_due_holds(now=timezone.now() + timedelta(minutes=33))
    checkout.cancel_checkout(buy((general, 1)).order)
    ours = {
        name for name in crossed if name.startswith(("checkout.", "settle.", "charge.", "expire.", "cancel."))
    }
    assert len(ours) > 10
    assert ours <= {*START, *SETTLE, *EXPIRE, *CANCEL}
