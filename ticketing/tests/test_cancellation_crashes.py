"""A worker killed at every commit and call of a cancelled event's job, and a Stripe that fails: each buyer is refunded
exactly once and told exactly once, whoever goes on with it.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from connect.models import StripeEvent
from maly import crash
from notifications.models import Message
from ticketing.models import (
    ApplicationFeeRefund,
    CancelledOrder,
    EventCancellation,
    Order,
    OrganizerReceivable,
    Payment,
    Refund,
    Ticket,
    TransferReversal,
)
from ticketing.services import holds, refund_sweeps
from ticketing.services.cancellation_work import work_off_cancellations
from ticketing.services.cancellations import cancel_event
from ticketing.tests.books import read_books
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.test_crashes import Killed

pytestmark = pytest.mark.django_db


@pytest.fixture
def kill_at():
    def install(point):
        def hook(name):
            if name == point:
                crash.install_hook(None)
                raise Killed(name)

        crash.install_hook(hook)

    yield install
    crash.install_hook(None)


@pytest.fixture
def converge(settle):
    """What the sweeps do after the leases of the dead have lapsed."""

    def run():
        crash.install_hook(None)
        now = timezone.now()
        for _ in range(4):
            for leased in (Payment, Refund, Message, StripeEvent, CancelledOrder):
                leased.objects.update(lease_until=None)
            Message.objects.update(due_at=now - timedelta(hours=1))
            StripeEvent.objects.update(due_at=now - timedelta(hours=1))
            CancelledOrder.objects.filter(state="waiting").update(due_at=now - timedelta(hours=1))
            settle()
            holds.resolve_requested_payments(now=now + timedelta(seconds=60))
            refund_sweeps.resolve_refunds(now=now + timedelta(seconds=60))
            refund_sweeps.recover_receivables()
            work_off_cancellations()

    return run


@pytest.fixture
def market(event, general, buy, sell):
    """A paid order, one of two prices, a free one and an unpaid one."""
    small = TicketTypeFactory(event=event, price_amount=1000, name="Small")
    free = TicketTypeFactory(event=event, price_amount=0, name="Free")
    sell((general, 1), email="paid@example.com")
    sell((general, 1), (small, 1), email="mixed@example.com")
    buy((free, 2), email="free@example.com")
    buy((general, 1), email="unpaid@example.com")
    return event


def check_that_all_is_well(gone_to_buyers=11_000):
    cancellation = EventCancellation.objects.get()
    assert cancellation.state == "done", list(cancellation.orders.values("state", "error"))
    assert sum(cancellation.orders.values_list("amount", flat=True)) == gone_to_buyers
    refunds = Refund.objects.exclude(status="refused")
    assert sorted(refunds.values_list("order__email", "amount", "status")) == [
        ("mixed@example.com", 6000, "succeeded"),
        ("paid@example.com", 5000, "succeeded"),
    ]
    told = Message.objects.exclude(kind__in=["ticket_confirmation", "new_ticket_sale", "payout_sent"])
    assert sorted(told.values_list("kind", "to")) == [
        ("event_cancelled", "free@example.com"),
        ("event_cancelled", "mixed@example.com"),
        ("event_cancelled", "paid@example.com"),
    ]
    assert set(Ticket.objects.values_list("status", flat=True)) == {"cancelled"}
    statuses = dict(Order.objects.values_list("email", "status"))
    # Who is killed between Stripe's answer and ours leaves it to the webhook, which only knows that it expired.
    assert statuses.pop("unpaid@example.com") in ("cancelled", "expired")
    assert set(statuses.values()) == {"refunded"}
    event = cancellation.event
    event.refresh_from_db()
    assert (event.sold, event.held) == (0, 0)
    return read_books(Order.objects.get(email="paid@example.com"))


def run_it(event, organizer, **wish):
    cancel_event(event, actor=organizer, reason="The hall is flooded.", **wish)
    work_off_cancellations()


JOB = [
    "cancellation.requested",
    "cancellation.collected",
    "cancellation.claimed",
    "cancellation.unpaid_closed",
    "cancellation.refund_written",
    "cancellation.refunded",
    "cancellation.decided",
    "cancel.before_expire",
    "stripe.expire_session.before",
    "stripe.expire_session.after",
    "cancel.expired_at_stripe",
    "settle.committed",
    "cancel.committed",
    "stripe.create_refund.before",
    "stripe.create_refund.after",
    "refund.created",
    "refund.recorded",
]
SHORT = [
    "refund.without_reversal",
    "stripe.retrieve_balance.before",
    "stripe.retrieve_balance.after",
    "recovery.requested",
    "stripe.reverse_transfer.before",
    "stripe.reverse_transfer.after",
    "recovery.created",
    "recovery.recorded",
]


@pytest.mark.parametrize("point", JOB)
def test_killed_and_begun_again(point, market, organizer, kill_at, converge):
    kill_at(point)
    with pytest.raises(Killed):
        run_it(market, organizer)
    converge()
    books = check_that_all_is_well()
    assert (books.organizer, books.owed) == (0, 0)
    assert books.platform == -sum(
        Payment.objects.filter(status="succeeded").values_list("stripe_fee_amount", flat=True)
    )


@pytest.mark.parametrize("point", JOB[4:7] + JOB[-4:] + SHORT)
def test_killed_while_the_balance_is_short(point, market, organizer, kill_at, converge):
    kill_at(point)
    with pytest.raises(Killed):
        run_it(market, organizer, gives_fee_back=False)
    converge()
    books = check_that_all_is_well()
    fees = sum(Order.objects.filter(status="refunded").values_list("platform_fee_amount", flat=True)) + sum(
        Order.objects.filter(status="refunded").values_list("processing_fee_amount", flat=True)
    )
    assert (books.organizer, books.owed) == (0, fees)
    assert sum(each.open_amount for each in OrganizerReceivable.objects.all()) == fees
    assert ApplicationFeeRefund.objects.count() == 0


@pytest.mark.parametrize("point", ["cancellation.claimed", "cancellation.refunded", "cancellation.decided"])
def test_killed_again_and_again(point, market, organizer, kill_at, converge):
    kill_at(point)
    with pytest.raises(Killed):
        run_it(market, organizer)
    for _ in range(3):
        CancelledOrder.objects.update(lease_until=None)
        kill_at(point)
        try:
            work_off_cancellations()
        except Killed:
            continue
    converge()
    check_that_all_is_well()


@pytest.mark.parametrize("point", ["cancellation.refund_written", "cancellation.decided"])
def test_killed_at_its_last_order_it_is_still_said_to_be_done(
    point, event, general, sell, organizer, kill_at, converge
):
    order = sell((general, 1))
    kill_at(point)
    with pytest.raises(Killed):
        run_it(event, organizer)
    converge()
    assert EventCancellation.objects.get().state == "done"
    assert CancelledOrder.objects.get().amount == 5000
    assert read_books(order).organizer == 0


def test_the_lists_above_name_every_crash_point_of_the_job(market, organizer):
    names = []
    crash.install_hook(names.append)
    try:
        run_it(market, organizer)
    finally:
        crash.install_hook(None)
    ours = {name for name in names if name.startswith("cancellation.")}
    assert ours == {name for name in JOB if name.startswith("cancellation.")}
    assert set(names) <= {*JOB, *SHORT, "ledger.sealed"}


@pytest.mark.parametrize(
    "effect", ["error_500", "timeout", "timeout_after_success", "drop_connection", "error_429"]
)
@pytest.mark.parametrize("path", ["/v1/refunds", "/v1/checkout/sessions"])
def test_a_stripe_that_fails_is_asked_again(effect, path, market, organizer, sandbox, converge, settings):
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    sandbox.control(
        "POST", "/_sandbox/faults", {"method": "POST", "path": path, "effect": effect, "times": 3}
    )
    run_it(market, organizer)
    assert EventCancellation.objects.get().state == "running"
    converge()
    check_that_all_is_well()
    _, log = sandbox.control("GET", "/_sandbox/requests?path=/v1/refunds", None)
    made = {each["response_id"] for each in log if each["method"] == "POST" and each["response_id"]}
    assert len(made) == 2


def test_a_balance_that_is_short_makes_a_receivable_and_the_buyer_waits_for_nothing(
    market, organizer, sandbox, converge
):
    account = Order.objects.get(email="paid@example.com").connected_account.stripe_account_id
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 4 * 86400})
    sandbox.control("POST", "/_sandbox/payouts", {"account": account, "outcome": "paid"})
    converge()
    run_it(market, organizer)
    converge()
    assert Refund.objects.filter(reverse_transfer=False).count() == 2
    assert TransferReversal.objects.count() == 0
    books = check_that_all_is_well()
    assert (books.organizer, books.owed) == (
        0,
        11_000 - sum(Refund.objects.values_list("fee_amount", flat=True)),
    )
