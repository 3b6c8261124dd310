"""Refunds of destination charges: who pays what, in Stripe's balances and in the ledger (the money rules, part 5)."""

from decimal import Decimal

import pytest

from accounts.models import AuditEntry
from connect.models import FeeAbsorption, FeePlan
from connect.services.terms import assign_plan, set_override
from maly.errors import Invalid
from notifications.models import Message
from ticketing.errors import (
    NothingToRefund,
    OrderNotRefundable,
    RefundRefused,
    RefundTooLarge,
    TicketAlreadyRefunded,
)
from ticketing.models import Order, Refund, Ticket
from ticketing.services import refund_sweeps
from ticketing.services.refunds import preview_refund, request_refund
from ticketing.tests.books import Books, held_by, read_books
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def on_host_plan(organization, staff):
    assign_plan(organization, plan=FeePlan.objects.get(code="host"), actor=staff, reason="A single host")


@pytest.fixture
def passing_on(event):
    event.fee_absorption = FeeAbsorption.PASS_TO_BUYER
    event.save()


@pytest.fixture
def give_back(organizer, settle):
    """Refund as the organizer would; what the preview said is what happens."""

    def refund(order, **more):
        wanted = {key: more[key] for key in ("tickets", "amount", "refund_application_fee") if key in more}
        before = preview_refund(order, **wanted)
        made = request_refund(order, actor=organizer, **{"reason": "Asked for"} | more)
        settle()
        made.refresh_from_db()
        for name in ("amount", "from_organizer_amount", "from_platform_amount"):
            assert getattr(made, name) == getattr(before, name), name
        order.refresh_from_db()
        return made

    return refund


@pytest.fixture
def asked(sandbox):
    """What Stripe was asked to do, by the calls' paths."""

    def calls(path):
        _, log = sandbox.control("GET", f"/_sandbox/requests?path={path}", None)
        return [each["params"] for each in log if each["method"] == "POST"]

    return calls


def flags(sent):
    return tuple(
        str(sent[name]).lower() if name in sent else None
        for name in ("reverse_transfer", "refund_application_fee")
    )


def codes(order):
    return [ticket.code for ticket in order.tickets.all()]


def drain(sandbox, order):
    """Pay the organizer's balance out, all of it."""
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 14 * 24 * 3600})
    account = order.connected_account.stripe_account_id
    sandbox.control("POST", "/_sandbox/payouts", {"account": account})
    assert held_by(account) == 0


# --- the table: a $50.00 ticket, refunded in full


def test_absorbed_with_the_fee_returned_leaves_the_organizer_nothing_and_us_stripes_fee(
    general, sell, give_back, asked
):
    order = sell((general, 1))
    assert read_books(order) == Books(4550, 275)
    refund = give_back(order)
    assert (refund.amount, refund.from_organizer_amount, refund.from_platform_amount) == (5000, 4550, 450)
    assert flags(asked("/v1/refunds")[0]) == ("true", "true")
    assert read_books(order) == Books(0, -175)
    assert (order.status, order.refunded_amount) == ("refunded", 5000)


def test_passed_on_with_the_fee_returned_gives_all_of_it_back(passing_on, general, sell, give_back, asked):
    order = sell((general, 1))
    refund = give_back(order)
    assert (refund.amount, refund.from_organizer_amount, refund.from_platform_amount) == (5458, 5000, 458)
    assert flags(asked("/v1/refunds")[0]) == ("true", "true")
    assert read_books(order) == Books(0, -188)


def test_a_host_whose_plan_keeps_the_fee_pays_it(on_host_plan, general, sell, give_back, asked):
    before = read_books(sell((general, 1), email="other@example.com"))
    order = sell((general, 1))
    refund = give_back(order)
    assert (refund.amount, refund.from_organizer_amount, refund.from_platform_amount) == (5000, 5000, 0)
    assert flags(asked("/v1/refunds")[0]) == ("true", "false")
    assert read_books(order) == Books(before.organizer - 150, before.platform - 25)


def test_passed_on_with_the_fee_kept_gives_the_face_price_back(passing_on, general, sell, give_back, asked):
    order = sell((general, 1))
    refund = give_back(order, refund_application_fee=False)
    assert (refund.amount, refund.from_organizer_amount, refund.from_platform_amount) == (5000, 5000, 0)
    assert flags(asked("/v1/refunds")[0]) == ("true", "false")
    assert read_books(order) == Books(0, 270)
    assert (order.status, order.refunded_amount) == ("refunded", 5000)
    mail = Message.objects.get(kind="refund_confirmation")
    assert mail.state == "sent"


def test_a_short_balance_makes_a_receivable_that_later_sales_settle(general, sell, give_back, asked, sandbox):
    order = sell((general, 1))
    drain(sandbox, order)
    refund = give_back(order)
    assert (refund.from_organizer_amount, refund.from_platform_amount) == (4550, 450)
    assert [flags(sent) for sent in asked("/v1/refunds")] == [("true", "true"), ("false", "false")]
    assert (refund.receivable.amount, refund.receivable.settled_amount) == (4550, 0)
    assert order.status == "refunded"
    sell((TicketTypeFactory(event=general.event, price_amount=2000), 1), email="next@example.com")
    refund.receivable.refresh_from_db()
    assert refund.receivable.settled_amount == 2000 - 243
    sell((general, 1), email="third@example.com")
    refund.receivable.refresh_from_db()
    assert refund.receivable.open_amount == 0
    assert AuditEntry.objects.filter(action="receivable.recovered").count() == 2


def test_a_short_balance_gives_at_once_what_it_holds(general, on_host_plan, sell, give_back, asked):
    order = sell((general, 1))
    refund = give_back(order)
    assert refund.reverse_transfer is False
    assert [flags(sent) for sent in asked("/v1/refunds")] == [("true", "false"), ("false", "false")]
    assert (refund.receivable.settled_amount, refund.receivable.open_amount) == (4850, 150)
    assert read_books(order) == Books(0, -175, owed=150)


# --- by ticket and by amount


def test_tickets_of_one_price_go_back_by_stripes_own_flag(general, sell, give_back, asked):
    order = sell((general, 3))
    for code in codes(order):
        refund = give_back(order, tickets=[code])
        assert refund.amount == 5000
    assert order.status == "refunded"
    assert read_books(order) == Books(0, -465)


def test_tickets_of_other_prices_give_back_exactly_their_own_fee(event, general, sell, give_back, asked):
    small = TicketTypeFactory(event=event, price_amount=1000, name="Small")
    order = sell((general, 1), (small, 1))
    ticket = order.tickets.get(ticket_type=small)
    refund = give_back(order, tickets=[ticket.code])
    assert refund.fee_amount == ticket.platform_fee_amount + ticket.processing_fee_amount
    assert flags(asked("/v1/refunds")[0]) == ("true", "false")
    (fee_refund,) = refund.fee_refunds.all()
    assert (fee_refund.status, fee_refund.amount) == ("succeeded", refund.fee_amount)
    assert (order.status, order.refunded_amount) == ("partly_refunded", 1000)
    other = order.tickets.get(ticket_type=general)
    assert read_books(order).organizer == other.organizer_amount
    give_back(order, tickets=[other.code])
    assert read_books(order) == Books(0, -(order.payments.get().stripe_fee_amount))


def test_an_amount_cancels_no_ticket_until_nothing_is_left(general, sell, give_back):
    order = sell((general, 1))
    refund = give_back(order, amount=2000)
    assert (refund.from_organizer_amount, refund.from_platform_amount) == (1820, 180)
    assert (order.status, order.refunded_amount) == ("partly_refunded", 2000)
    assert Ticket.objects.get().status == "valid"
    give_back(order, amount=3000)
    assert (order.status, Ticket.objects.get().status) == ("refunded", "cancelled")
    assert Ticket.objects.get().payment_status == "refunded"
    assert read_books(order) == Books(0, -175)


def test_all_that_is_left_after_a_ticket_and_an_amount(event, general, passing_on, sell, give_back):
    small = TicketTypeFactory(event=event, price_amount=2500, name="Small")
    order = sell((general, 2), (small, 1))
    give_back(order, tickets=[order.tickets.filter(ticket_type=general).first().code])
    give_back(order, amount=777)
    give_back(order)
    assert (order.status, order.refunded_amount) == ("refunded", order.total_amount)
    assert read_books(order) == Books(0, -(order.payments.get().stripe_fee_amount))


def test_a_fee_kept_for_one_ticket_stays_kept_when_the_rest_goes_back(general, passing_on, sell, give_back):
    order = sell((general, 2))
    first, second = codes(order)
    give_back(order, tickets=[first], refund_application_fee=False)
    give_back(order, tickets=[second])
    assert order.status == "refunded"
    assert order.refunded_amount == 5000 + 5458
    assert read_books(order) == Books(0, 458 - order.payments.get().stripe_fee_amount)


def test_the_last_paid_ticket_takes_the_free_ones_with_it(event, general, sell, give_back):
    free = TicketTypeFactory(event=event, price_amount=0, name="Child")
    order = sell((general, 1), (free, 1))
    with pytest.raises(NothingToRefund):
        give_back(order, tickets=[order.tickets.get(ticket_type=free).code])
    give_back(order, tickets=[order.tickets.get(ticket_type=general).code])
    assert order.status == "refunded"
    assert set(order.tickets.values_list("status", "payment_status")) == {
        ("cancelled", "refunded"),
        ("cancelled", "free"),
    }


def test_a_fee_of_0_is_never_spoken_of(
    on_host_plan, connected_organization, staff, general, sell, give_back, asked
):
    set_override(
        connected_organization,
        currency="usd",
        percent=Decimal(0),
        fixed_amount=0,
        actor=staff,
        reason="A charity",
    )
    order = sell((general, 1))
    assert order.application_fee_amount == 0
    refund = give_back(order)
    assert flags(asked("/v1/refunds")[0]) == ("true", None)
    assert refund.status == "succeeded"
    assert read_books(order) == Books(0, -175)


# --- stock, tickets, mail


def test_seats_are_sold_again_or_taken_off_sale(event, general, sell, give_back):
    event.capacity = 50
    event.save()
    order = sell((general, 3))
    first, second, _ = codes(order)
    give_back(order, tickets=[first])
    general.refresh_from_db()
    event.refresh_from_db()
    assert (general.sold, general.capacity, event.sold, event.capacity) == (2, 100, 2, 50)
    give_back(order, tickets=[second], restock=False)
    general.refresh_from_db()
    event.refresh_from_db()
    assert (general.sold, general.capacity, event.sold, event.capacity) == (1, 99, 1, 49)
    assert read_books(order).organizer > 0


def test_the_buyer_is_told_once_for_a_refund_and_the_log_says_who(general, sell, give_back, organizer):
    order = sell((general, 2))
    give_back(order, tickets=codes(order)[:1], reason="Ill")
    refund_sweeps.find_refunds()
    assert Message.objects.filter(kind="refund_confirmation", state="sent").count() == 1
    entry = AuditEntry.objects.get(action="order.refund_requested")
    assert (entry.actor, entry.reason, entry.subject) == (organizer, "Ill", f"order:{order.code}")
    assert entry.after["from_organizer_amount"] == 4565
    assert AuditEntry.objects.filter(action="order.refunded").count() == 1


# --- what can't be refunded


def test_nothing_goes_back_twice(general, sell, give_back, organizer):
    order = sell((general, 2))
    first, _ = codes(order)
    give_back(order, tickets=[first])
    for error, wish in (
        (TicketAlreadyRefunded, {"tickets": [first]}),
        (TicketAlreadyRefunded, {"tickets": ["NOSUCHCODE"]}),
        (RefundTooLarge, {"amount": 5001}),
        (Invalid, {"amount": 0}),
    ):
        with pytest.raises(error):
            request_refund(order, actor=organizer, reason="Again", **wish)
    give_back(order)
    for wish in ({}, {"amount": 1}):
        with pytest.raises(NothingToRefund):
            request_refund(order, actor=organizer, reason="Again", **wish)
    assert Refund.objects.count() == 2


def test_free_unpaid_and_disputed_orders_are_refused_in_words(event, general, buy, sell, organizer):
    free = buy((TicketTypeFactory(event=event, price_amount=0), 1)).order
    waiting = buy((general, 1), email="waiting@example.com").order
    disputed = sell((general, 1), email="disputed@example.com")
    Order.objects.filter(pk=disputed.pk).update(status="disputed")
    for order in (free, waiting, disputed):
        with pytest.raises(OrderNotRefundable):
            request_refund(Order.objects.get(pk=order.pk), actor=organizer, reason="Please")
    assert not Refund.objects.exists()


def test_what_stripe_refuses_changes_nothing(general, sell, organizer, sandbox):
    order = sell((general, 1))
    sandbox.control("POST", f"/_sandbox/charges/{order.payments.get().charge_id}/dispute", {})
    with pytest.raises(RefundRefused, match="charged back"):
        request_refund(order, actor=organizer, reason="Asked for")
    order.refresh_from_db()
    assert (order.status, order.refunded_amount, Ticket.objects.get().status) == ("paid", 0, "valid")
    assert Refund.objects.get().status == "refused"
    assert not Message.objects.filter(kind="refund_confirmation").exists()


def test_the_same_request_twice_is_one_refund(general, sell, organizer):
    order = sell((general, 2))
    key = ("user:1", "the-key")
    made = [
        request_refund(order, actor=organizer, reason="Once", amount=100, idempotency=key) for _ in range(2)
    ]
    assert made[0].pk == made[1].pk
    order.refresh_from_db()
    assert order.refunded_amount == 100
