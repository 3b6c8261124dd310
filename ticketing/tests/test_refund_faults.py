"""Refunds when Stripe fails to answer, and a process killed at every commit and call: the sweeps bring one end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from maly import crash
from notifications.models import Message
from ticketing.models import ApplicationFeeRefund, OrganizerReceivable, Refund, TransferReversal
from ticketing.services import refund_sweeps
from ticketing.services.refunds import request_refund
from ticketing.tests.books import Books, read_books
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
        soon = timezone.now() + timedelta(seconds=60)
        for _ in range(3):
            Refund.objects.update(lease_until=None)
            Message.objects.update(lease_until=None)
            refund_sweeps.resolve_refunds(now=soon)
            refund_sweeps.recover_receivables()
            settle()

    return run


@pytest.fixture
def mixed(event, general, sell):
    """An order of two prices, where Stripe's proportion isn't the tickets' fee; the small ticket's code."""
    small = TicketTypeFactory(event=event, price_amount=1000, name="Small")
    order = sell((general, 1), (small, 1))
    return order, order.tickets.get(ticket_type=small).code


WHOLE = [
    "refund.requested",
    "stripe.create_refund.before",
    "stripe.create_refund.after",
    "refund.created",
    "refund.recorded",
]
EXACT_FEE = [
    "fee_refund.requested",
    "stripe.refund_application_fee.before",
    "stripe.refund_application_fee.after",
    "fee_refund.created",
    "fee_refund.recorded",
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


@pytest.mark.parametrize("point", WHOLE)
def test_killed_while_everything_goes_back(point, general, sell, organizer, kill_at, converge):
    order = sell((general, 2))
    kill_at(point)
    with pytest.raises(Killed):
        request_refund(order, actor=organizer, reason="Asked for")
    converge()
    order.refresh_from_db()
    assert (order.status, order.refunded_amount) == ("refunded", 10000)
    assert Refund.objects.get().status == "succeeded"
    assert Message.objects.filter(kind="refund_confirmation").count() == 1
    assert read_books(order) == Books(0, -320)


@pytest.mark.parametrize("point", WHOLE + EXACT_FEE)
def test_killed_while_the_exact_fee_goes_back(point, mixed, organizer, kill_at, converge):
    order, code = mixed
    kill_at(point)
    with pytest.raises(Killed):
        request_refund(order, actor=organizer, tickets=[code], reason="Asked for")
    converge()
    fee = ApplicationFeeRefund.objects.get()
    assert (fee.status, fee.amount) == ("succeeded", Refund.objects.get().fee_amount)
    request_refund(order, actor=organizer, reason="The rest")
    assert read_books(order) == Books(0, -order.payments.get().stripe_fee_amount)


@pytest.mark.parametrize("point", WHOLE + SHORT)
def test_killed_while_the_balance_is_short(point, general, sell, organizer, kill_at, converge):
    order = sell((general, 1))
    kill_at(point)
    with pytest.raises(Killed):
        request_refund(order, actor=organizer, reason="Asked for", refund_application_fee=False)
    converge()
    assert OrganizerReceivable.objects.get().open_amount == 450
    assert TransferReversal.objects.get(status="succeeded").amount == 4550
    assert read_books(order) == Books(0, -175, owed=450)


@pytest.mark.parametrize("effect", ["error_500", "timeout_after_success", "drop_connection", "error_429"])
@pytest.mark.parametrize("path", ["/v1/refunds", "/v1/application_fees"])
def test_an_answer_that_never_came_is_asked_for_again_under_its_key(
    effect, path, mixed, organizer, sandbox, converge, settings
):
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    order, code = mixed
    fault = {"method": "POST", "path": path, "effect": effect, "times": 2}
    sandbox.control("POST", "/_sandbox/faults", fault)
    request_refund(order, actor=organizer, tickets=[code], reason="Asked for")
    converge()
    refund = Refund.objects.get()
    assert (refund.status, refund.fee_refunds.get().status) == ("succeeded", "succeeded")
    order.refresh_from_db()
    assert order.refunded_amount == 1000
    request_refund(order, actor=organizer, reason="The rest")
    assert read_books(order) == Books(0, -order.payments.get().stripe_fee_amount)


def test_what_is_older_than_its_key_is_looked_up(mixed, organizer, sandbox, kill_at, converge):
    order, code = mixed
    kill_at("fee_refund.created")
    with pytest.raises(Killed):
        request_refund(order, actor=organizer, tickets=[code], reason="Asked for")
    ApplicationFeeRefund.objects.update(created_at=timezone.now() - timedelta(hours=24))
    converge()
    _, log = sandbox.control("GET", "/_sandbox/requests?path=/v1/application_fees", None)
    assert len([each for each in log if each["method"] == "POST"]) == 1
    assert ApplicationFeeRefund.objects.get().status == "succeeded"


def test_a_refund_older_than_its_key_is_looked_up(general, sell, organizer, sandbox, kill_at, converge):
    order = sell((general, 1))
    kill_at("refund.created")
    with pytest.raises(Killed):
        request_refund(order, actor=organizer, reason="Asked for")
    Refund.objects.update(created_at=timezone.now() - timedelta(hours=24))
    converge()
    _, log = sandbox.control("GET", "/_sandbox/requests?path=/v1/refunds", None)
    assert len([each for each in log if each["method"] == "POST"]) == 1
    assert Refund.objects.get().status == "succeeded"


def test_a_reversal_older_than_its_key_is_looked_up(general, sell, organizer, sandbox, kill_at, converge):
    order = sell((general, 1))
    kill_at("recovery.created")
    with pytest.raises(Killed):
        request_refund(order, actor=organizer, reason="Asked for", refund_application_fee=False)
    TransferReversal.objects.update(created_at=timezone.now() - timedelta(hours=24))
    converge()
    assert TransferReversal.objects.get(status="succeeded").amount == 4550
    assert OrganizerReceivable.objects.get().open_amount == 450
    assert read_books(order) == Books(0, -175, owed=450)


def test_the_lists_above_name_every_crash_point_of_these_flows(mixed, general, sell, organizer):
    names = []
    order, code = mixed
    other = sell((general, 1), email="other@example.com")
    crash.install_hook(names.append)
    try:
        request_refund(order, actor=organizer, tickets=[code], reason="Asked for")
        request_refund(other, actor=organizer, reason="Asked for")
        request_refund(order, actor=organizer, reason="Kept", refund_application_fee=False)
    finally:
        crash.install_hook(None)
    ours = {name for name in names if name.startswith(("refund.", "fee_refund.", "recovery."))}
    assert len(ours) > 8
    assert ours <= {*WHOLE, *EXACT_FEE, *SHORT}
