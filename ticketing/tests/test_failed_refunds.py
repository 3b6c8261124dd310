"""After a refund that failed: the organizer made whole, once and to the cent, whatever the refund had been."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from connect.models import FeeAbsorption, FeePlan
from connect.services.terms import assign_plan
from ledger import chart
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from maly.crash import install_hook
from ticketing.errors import NothingTaken, OrganizerNotWhole, RefundUnderWay
from ticketing.models import OrganizerTransfer, Payment, Refund
from ticketing.services.refund_failures import make_organizer_whole, settle_refund, taken_from_organizer
from ticketing.services.refunds import request_refund
from ticketing.services.transfers import PLATFORM_IS_SHORT, carry_out_transfer, resolve_transfers
from ticketing.tests.books import Books, read_books
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.test_refund_with_connect import drain
from ticketing.tests.test_stock_races import at_once

pytestmark = pytest.mark.django_db
# A charge's money is available after two days, and a day later it is paid out.
AVAILABLE_AFTER = 50 * 3600


@pytest.fixture
def post(sandbox):
    def control(path, body):
        status, answer = sandbox.control("POST", f"/_sandbox/{path}", body)
        assert status == 200, answer
        return answer

    return control


@pytest.fixture
def fail(post, settle):
    """Have the buyer's bank send a refund back, when Stripe's balances have become available."""

    def failed(refund):
        post("clock", {"advance_seconds": AVAILABLE_AFTER})
        post(f"refunds/{refund.stripe_refund_id}", {"status": "failed", "failure_reason": "declined"})
        settle()
        refund.refresh_from_db()
        assert (refund.status, refund.needs_staff) == ("failed", True)
        return refund

    return failed


@pytest.fixture
def failed_refund(general, sell, organizer, fail):
    """A $50.00 ticket's, both flags: $45.50 of it was the organizer's."""
    order = sell((general, 1))
    return fail(request_refund(order, actor=organizer, reason="Asked for"))


def later(**delta):
    return timezone.now() + timedelta(**delta)


def sent_to_stripe(sandbox):
    """How often a transfer was asked for."""
    _, log = sandbox.control("GET", "/_sandbox/requests?path=/v1/transfers", None)
    return sum(each["method"] == "POST" for each in log)


def books_of(refund):
    return read_books(refund.order)


# One ticket of $50.00 is sold twice, one order of them is refunded in full. By hand, for the refunded one:
# organizer: 45.50 absorbed, 50.00 passed on, host 48.50; the fee is 4.50, 4.58 or 1.50; Stripe's 1.75, 1.88 or 1.79.
# A sale before them leaves us enough to send.
@pytest.mark.parametrize(
    ("plan", "model", "gives_back", "before", "refunded", "taken"),
    [
        ("organization", "absorb", True, Books(9100, 550), Books(4550, 100), 4550),
        ("organization", "absorb", False, Books(9100, 550), Books(4100, 550), 5000),
        ("organization", "pass_to_buyer", True, Books(10000, 540), Books(5000, 82), 5000),
        ("organization", "pass_to_buyer", False, Books(10000, 540), Books(5000, 540), 5000),
        ("host", "absorb", True, Books(9700, -50), Books(4850, -200), 4850),
        ("host", "absorb", False, Books(9700, -50), Books(4700, -50), 5000),
        ("host", "pass_to_buyer", True, Books(10000, -58), Books(5000, -208), 5000),
        ("host", "pass_to_buyer", False, Books(10000, -58), Books(5000, -58), 5000),
    ],
)
def test_afterwards_both_sides_stand_as_before_the_refund(
    plan,
    model,
    gives_back,
    before,
    refunded,
    taken,
    organization,
    event,
    general,
    sell,
    organizer,
    staff,
    fail,
):
    start = read_books(sell((general, 1), email="first@example.com"))

    def since(order):
        now = read_books(order)
        return Books(now.organizer - start.organizer, now.platform - start.platform, now.owed)

    assign_plan(organization, plan=FeePlan.objects.get(code=plan), actor=staff, reason="As the case says")
    event.fee_absorption = FeeAbsorption(model)
    event.save(update_fields=["fee_absorption"])
    sell((general, 1), email="other@example.com")
    order = sell((general, 1))
    assert since(order) == before
    refund = request_refund(order, actor=organizer, reason="Asked for", refund_application_fee=gives_back)
    assert since(order) == refunded
    fail(refund)
    assert taken_from_organizer(refund) == taken
    assert verify_ledger().violations == []
    assert make_organizer_whole(refund, actor=staff).status == "succeeded"
    assert since(order) == before
    assert taken_from_organizer(refund) == 0


def test_an_exact_fee_refund_counts_as_given_back(event, general, sell, organizer, staff, fail):
    """$50.00 and $20.00: fees 2.75 + 1.66 and 1.55 + 0.67, Stripe's own 2.33; the $20.00 ticket goes back and fails."""
    cheap = TicketTypeFactory(event=event, price_amount=2000)
    order = sell((general, 1), (cheap, 1))
    assert read_books(order) == Books(6337, 430)
    code = order.tickets.get(ticket_type=cheap).code
    refund = request_refund(order, actor=organizer, reason="Asked for", tickets=[code])
    assert [row.amount for row in refund.fee_refunds.filter(idempotency_key__isnull=False)] == [222]
    assert read_books(order) == Books(6337 - 1778, 430 - 222)
    fail(refund)
    assert make_organizer_whole(refund, actor=staff).amount == 1778
    assert read_books(order) == Books(6337, 430)


def test_what_was_taken_for_a_receivable_goes_back_too(general, sell, organizer, staff, fail):
    """$45.50 of the $50.00 were taken at once, $4.50 were owed: nobody owes them any more."""
    order = sell((general, 1))
    refund = request_refund(order, actor=organizer, reason="Kept", refund_application_fee=False)
    assert read_books(order) == Books(0, 275 - 450, owed=450)
    fail(refund)
    assert verify_ledger().violations == []
    assert make_organizer_whole(refund, actor=staff).amount == 4550
    assert read_books(order) == Books(4550, 275)
    assert balance(chart.receivable_organizer(order.organization), currency="usd") == 0


def test_nothing_is_given_back_where_nothing_was_taken(general, sell, organizer, staff, sandbox, fail):
    order = sell((general, 1))
    drain(sandbox, order)
    refund = fail(request_refund(order, actor=organizer, reason="Asked for"))
    with pytest.raises(NothingTaken):
        make_organizer_whole(refund, actor=staff)
    assert settle_refund(refund, actor=staff)


def test_only_a_failed_refund_is_made_good(general, sell, organizer, staff):
    refund = request_refund(sell((general, 1)), actor=organizer, reason="Asked for")
    with pytest.raises(NothingTaken):
        make_organizer_whole(refund, actor=staff)
    assert not OrganizerTransfer.objects.exists()


@pytest.mark.broken_books("a fee refund that was made stands in for one without an answer")
def test_it_waits_for_a_fee_refund_without_an_answer(failed_refund, staff):
    fee = failed_refund.fee_refunds.get()
    type(fee).objects.update(status="requested")
    with pytest.raises(RefundUnderWay):
        make_organizer_whole(failed_refund, actor=staff)
    with pytest.raises(OrganizerNotWhole):
        settle_refund(failed_refund, actor=staff)


def test_the_exception_stays_until_the_organizer_is_whole(failed_refund, staff):
    with pytest.raises(OrganizerNotWhole):
        settle_refund(failed_refund, actor=staff)
    make_organizer_whole(failed_refund, actor=staff)
    assert settle_refund(failed_refund, actor=staff)
    entry = AuditEntry.objects.get(action="transfer.requested")
    assert (entry.actor, entry.actor_kind, entry.after["amount"]) == (staff, "staff", 4550)


def test_clicked_twice_it_is_one_transfer(failed_refund, staff):
    first = make_organizer_whole(failed_refund, actor=staff)
    assert make_organizer_whole(failed_refund, actor=staff) == first
    assert carry_out_transfer(first.pk)
    assert OrganizerTransfer.objects.count() == 1
    assert books_of(failed_refund) == Books(4550, 275)


def test_a_balance_of_ours_that_is_short_is_waited_for(failed_refund, staff, sell, general, post, sandbox):
    post("payouts", {"account": "platform"})
    sent = make_organizer_whole(failed_refund, actor=staff)
    assert (sent.status, sent.failure_reason) == ("requested", PLATFORM_IS_SHORT)
    assert resolve_transfers(now=later(minutes=5)) == 0
    with pytest.raises(OrganizerNotWhole):
        settle_refund(failed_refund, actor=staff)
    type(general).objects.update(price_amount=60_000)  # a fee of $42.45
    for n in range(2):
        sell((general, 1), email=f"b{n}@example.com")
    post("clock", {"advance_seconds": AVAILABLE_AFTER})
    OrganizerTransfer.objects.update(lease_until=None)
    assert resolve_transfers(now=later(minutes=11)) == 1
    sent.refresh_from_db()
    assert (sent.status, sent.failure_reason) == ("succeeded", "")


@pytest.mark.parametrize("effect", ["error_500", "timeout", "timeout_after_success"])
def test_an_answer_that_got_lost_is_asked_for_again(effect, failed_refund, staff, post):
    post("faults", {"method": "POST", "path": "/v1/transfers", "effect": effect, "times": 1})
    assert make_organizer_whole(failed_refund, actor=staff).status == "requested"
    assert resolve_transfers() == 0
    assert resolve_transfers(now=later(minutes=2)) == 1
    assert resolve_transfers(now=later(minutes=2)) == 0
    assert books_of(failed_refund) == Books(4550, 275)


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_key_that_is_too_old_is_looked_up_first(seconds, failed_refund, staff, post, sandbox):
    """Whoever's clock is late: Stripe's may be behind ours."""
    post("faults", {"method": "POST", "path": "/v1/transfers", "effect": "timeout_after_success", "times": 1})
    sent = make_organizer_whole(failed_refund, actor=staff)
    yesterday = later(hours=-24)
    OrganizerTransfer.objects.update(created_at=yesterday)
    with sandbox.world.state.lock:
        made = next(each for each in sandbox.world.state.values("transfer") if each["metadata"])
        made["created"] = int(yesterday.timestamp()) - seconds
        sandbox.world.state.save(made)
    asked = sent_to_stripe(sandbox)
    assert carry_out_transfer(sent.pk)
    assert sent_to_stripe(sandbox) == asked
    assert books_of(failed_refund) == Books(4550, 275)


def test_what_stripe_refuses_goes_back_to_staff(failed_refund, staff):
    account = failed_refund.payment.destination
    Payment.objects.update(destination="acct_gone")
    sent = make_organizer_whole(failed_refund, actor=staff)
    failed_refund.refresh_from_db()
    assert sent.status == "refused"
    assert "Stripe refused the organizer's transfer" in failed_refund.staff_reason
    Payment.objects.update(destination=account)
    assert make_organizer_whole(failed_refund, actor=staff).status == "succeeded"
    assert books_of(failed_refund) == Books(4550, 275)


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    "point", ["made_whole.requested", "transfer.requested", "transfer.created", "transfer.recorded"]
)
def test_killed_anywhere_it_is_one_transfer(point, failed_refund, staff):
    def kill(name):
        if name == point:
            raise Killed

    install_hook(kill)
    try:
        with pytest.raises(Killed):
            make_organizer_whole(failed_refund, actor=staff)
    finally:
        install_hook(None)
    OrganizerTransfer.objects.update(lease_until=None)  # its time is up
    resolve_transfers(now=later(minutes=2))
    assert OrganizerTransfer.objects.get().status == "succeeded"
    assert books_of(failed_refund) == Books(4550, 275)


@pytest.mark.django_db(transaction=True)
def test_clicked_by_16_at_once_it_is_one_transfer(failed_refund, staff):
    made = at_once(16, lambda _: make_organizer_whole(failed_refund, actor=staff).pk)
    assert len(set(made)) == 1
    resolve_transfers(now=later(minutes=2))
    assert OrganizerTransfer.objects.get().status == "succeeded"
    assert books_of(failed_refund) == Books(4550, 275)


def test_the_order_can_be_refunded_again_afterwards(failed_refund, staff, organizer):
    """Its charge's own transfer was taken back for the refund that failed: now ours is."""
    make_organizer_whole(failed_refund, actor=staff)
    settle_refund(failed_refund, actor=staff)
    again = request_refund(failed_refund.order, actor=organizer, reason="To another card")
    assert (again.status, again.amount, again.reverse_transfer) == ("succeeded", 5000, False)
    assert Refund.objects.filter(status="succeeded").count() == 1
    assert books_of(failed_refund) == Books(0, -175)
