"""Refunds made in Stripe's dashboard, with every combination of its options: each is recorded, booked and resolved."""

import pytest

from connect.models import FeeAbsorption
from ticketing.errors import RefundRefused
from ticketing.models import OrganizerReceivable, Refund
from ticketing.services import refund_sweeps
from ticketing.services.receivables import release_receivable
from ticketing.services.refund_failures import settle_refund
from ticketing.services.refunds import request_refund
from ticketing.services.write_offs import write_off_receivable
from ticketing.tests.books import Books, read_books

pytestmark = pytest.mark.django_db
BOTH = {"reverse_transfer": True, "refund_application_fee": True}
REVERSED = {"reverse_transfer": True}
NEITHER = {}


@pytest.fixture
def by_hand(sandbox, settle):
    """Refund in the dashboard; the event may be lost, and then a sweep finds it."""

    def refund(order, *, is_heard=True, **options):
        sandbox.control("POST", "/_sandbox/delivery", {"mode": "normal" if is_heard else "drop"})
        path = f"/_sandbox/charges/{order.payments.get().charge_id}/refund"
        status, answer = sandbox.control("POST", path, options)
        assert status == 200, answer
        settle()
        assert refund_sweeps.find_refunds() == (0 if is_heard else 1)
        order.refresh_from_db()
        return Refund.objects.filter(order=order, origin="stripe").latest("pk")

    return refund


@pytest.fixture
def order(general, sell):
    """$50.00 absorbed, $45.50 of it the organizer's; another sale gives its balance as much again."""
    sell((general, 1), email="other@example.com")
    return sell((general, 1))


# By hand, from 91.00 and 5.50 of two sales; the fee is 4.50, of 20.00 out of 50.00 it is 1.80.
@pytest.mark.parametrize("is_heard", [True, False])
@pytest.mark.parametrize(
    ("options", "books", "released"),
    [
        (BOTH, Books(4550, 100), None),
        (REVERSED, Books(4100, 550), None),
        (NEITHER, Books(9100, 550 - 5000, owed=4550), Books(4550, 100)),
        (BOTH | {"amount": 2000}, Books(9100 - 1820, 550 - 180), None),
        (REVERSED | {"amount": 2000}, Books(7100, 550), None),
        ({"amount": 2000}, Books(9100, 550 - 2000, owed=1820), Books(9100 - 1820, 550 - 180)),
    ],
)
def test_it_is_booked_as_stripe_made_it(is_heard, options, books, released, order, by_hand, staff):
    refund = by_hand(order, is_heard=is_heard, **options)
    is_whole = "amount" not in options
    assert (refund.status, refund.needs_staff) == ("succeeded", True)
    assert order.status == ("refunded" if is_whole else "partly_refunded")
    assert order.tickets.filter(status="cancelled").count() == is_whole
    assert read_books(order) == books
    if released:
        release_receivable(refund.receivable, actor=staff)
        assert read_books(order) == released
    assert settle_refund(refund, actor=staff)
    assert not Refund.objects.filter(needs_staff=True).exists()


def test_one_without_reversal_may_be_our_loss_instead(order, by_hand, staff):
    refund = by_hand(order, amount=2000)
    write_off_receivable(refund.receivable, actor=staff, reason="Our mistake")
    assert read_books(order) == Books(9100, 550 - 2000)


def test_many_of_one_order_are_each_recorded(order, by_hand, staff, organizer):
    by_hand(order, amount=1000)
    by_hand(order, amount=1000, **BOTH)
    by_hand(order, amount=1000, **REVERSED)
    ours = request_refund(order, actor=organizer, reason="Some", amount=1000)
    last = by_hand(order, **BOTH)
    assert (ours.status, last.amount, order.status) == ("succeeded", 1000, "refunded")
    assert order.refunded_amount == 5000
    assert order.tickets.get().status == "cancelled"
    release_receivable(OrganizerReceivable.objects.get(), actor=staff)
    books = read_books(order)
    # Without a reversal our books gave 0.90 of the fee; then Stripe, which had given none yet, gave all 4.50 of it.
    assert books == Books(4550 + 90, 100 - 90)
    assert "$0.90 more of the fee than was left" in last.staff_reason


def test_the_fee_that_we_kept_can_be_given_back_by_hand(event, general, sell, by_hand, organizer, staff):
    """Passed on, $54.58: ours gave the face price back; then the dashboard gives the $4.58 too."""
    event.fee_absorption = FeeAbsorption.PASS_TO_BUYER
    event.save(update_fields=["fee_absorption"])
    order = sell((general, 1))
    request_refund(order, actor=organizer, reason="Face price", refund_application_fee=False)
    assert read_books(order) == Books(0, 270)
    refund = by_hand(order)
    assert (refund.amount, order.status, order.refunded_amount) == (458, "refunded", 5458)
    write_off_receivable(refund.receivable, actor=staff, reason="It was our fee")
    assert read_books(order) == Books(0, 270 - 458)


def test_while_ours_has_no_answer_each_is_told_from_the_other(order, by_hand, sandbox, organizer, settle):
    lost = {"method": "POST", "path": "/v1/refunds", "effect": "timeout_after_success", "times": 1}
    sandbox.control("POST", "/_sandbox/faults", lost)
    ours = request_refund(order, actor=organizer, reason="One", amount=1000)
    assert ours.status == "requested"
    theirs = by_hand(order, amount=1000, **BOTH)
    ours.refresh_from_db()
    assert (ours.status, theirs.status) == ("succeeded", "succeeded")
    assert (order.refunded_amount, Refund.objects.count()) == (2000, 2)
    read_books(order)


def test_one_that_came_before_ours_has_ours_refused_and_nothing_is_lost(order, sandbox, organizer, settle):
    path = f"/_sandbox/charges/{order.payments.get().charge_id}/refund"
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
    assert sandbox.control("POST", path, BOTH | {"amount": 4000})[0] == 200
    with pytest.raises(RefundRefused):
        request_refund(order, actor=organizer, reason="All")
    order.refresh_from_db()
    assert (order.refunded_amount, order.status) == (4000, "partly_refunded")
    request_refund(order, actor=organizer, reason="The rest")
    order.refresh_from_db()
    assert (order.refunded_amount, order.status) == (5000, "refunded")
    assert read_books(order) == Books(4550, 100)
