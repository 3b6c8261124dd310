"""The checkout's own rules: what is refused and in which order, cancelling, resuming, the buyer's retry."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connect.models import ConnectedAccount, FeeTerms
from maly.errors import NotFound
from ticketing.errors import (
    EventNotOnSale,
    QuantityOutOfRange,
    ReservationExpired,
    SalesClosed,
    SalesEnded,
    SalesHalted,
    SalesNotStarted,
    TicketSoldOut,
)
from ticketing.models import Order, Payment, TicketType
from ticketing.services import checkout, holds
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db


def pause(event, general):
    event.status = "paused"
    event.save()


def restrict(event, general):
    ConnectedAccount.objects.update(transfers_status="inactive")


def start_later(event, general):
    TicketType.objects.update(sales_start=timezone.now() + timedelta(days=1))


def sell_out(event, general):
    TicketType.objects.update(sold=100)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ([pause], EventNotOnSale),
        ([restrict], SalesHalted),
        ([start_later], SalesNotStarted),
        ([sell_out], TicketSoldOut),
        # Everything wrong at once: event, organizer, window, quantity, stock.
        ([pause, restrict, start_later, sell_out], EventNotOnSale),
        ([restrict, start_later, sell_out], SalesHalted),
        ([start_later, sell_out], SalesNotStarted),
    ],
)
def test_what_is_refused_in_the_contracts_order(spoil, error, event, general, buy):
    for act in spoil:
        act(event, general)
    with pytest.raises(error):
        buy((general, 1))
    assert not Order.objects.exists()


def test_the_quantity_is_judged_before_the_stock(general, buy):
    TicketType.objects.update(sold=100)
    with pytest.raises(QuantityOutOfRange):
        buy((general, 11))


@pytest.mark.parametrize("quantity", [0, -1, 1, 5])
def test_a_quantity_outside_the_ticket_types_limits_is_refused(quantity, event, buy):
    pairs = TicketTypeFactory(event=event, min_per_order=2, max_per_order=4)
    with pytest.raises(QuantityOutOfRange):
        buy((pairs, quantity))


def test_no_items_are_no_order(event, buy):
    with pytest.raises(QuantityOutOfRange):
        buy()


def test_the_same_type_named_twice_is_added_up(general, buy):
    assert buy((general, 2), (general, 3)).order.lines.get().quantity == 5


def test_a_ticket_type_of_another_event_isnt_there(buy, event):
    with pytest.raises(NotFound):
        buy((TicketTypeFactory(event=EventFactory()), 1))


def test_sales_end_with_their_window_and_with_the_event(event, general, buy):
    TicketType.objects.update(sales_end=timezone.now() - timedelta(minutes=1))
    with pytest.raises(SalesEnded):
        buy((general, 1))
    TicketType.objects.update(sales_end=None)
    event.starts_at, event.ends_at = timezone.now() - timedelta(days=2), timezone.now() - timedelta(days=1)
    event.save()
    with pytest.raises(SalesEnded):
        buy((general, 1))


def test_the_words_say_when_sales_start(event, general, buy):
    event.timezone = "Europe/London"
    event.save()
    TicketType.objects.update(
        sales_start=timezone.datetime(2099, 1, 5, 10, tzinfo=timezone.get_fixed_timezone(0))
    )
    with pytest.raises(SalesNotStarted, match="Sales start on Mon 5 Jan 2099, 10:00 am GMT"):
        buy((general, 1))


def test_sold_out_says_how_many_are_left(event, buy):
    few = TicketTypeFactory(event=event, capacity=3)
    with pytest.raises(TicketSoldOut, match="Only 3 available"):
        buy((few, 4))


def test_an_organizer_without_stripe_sells_free_tickets_only(event, general, buy):
    ConnectedAccount.objects.all().delete()
    free = TicketTypeFactory(event=event, price_amount=0)
    with pytest.raises(SalesClosed):
        buy((general, 1))
    assert buy((free, 1)).order.status == "paid"


def test_a_flagged_organization_sells_nothing_not_even_free_tickets(event, general, buy):
    event.organization.flagged_at = timezone.now()
    event.organization.save()
    free = TicketTypeFactory(event=event, price_amount=0)
    for ticket_type in (general, free):
        with pytest.raises(SalesHalted):
            buy((ticket_type, 1))


def test_a_hidden_type_is_sold_to_whoever_knows_its_id(event, buy):
    hidden = TicketTypeFactory(event=event, is_hidden=True)
    assert buy((hidden, 1)).url


def test_a_quote_holds_nothing_and_asks_for_no_stock(general, event):
    TicketType.objects.update(sold=100)
    quote = checkout.quote(event, [checkout.Item(general.public_id, 2)])
    assert (quote.total_amount, quote.platform_fee, quote.processing_fee) == (10000, 550, 320)
    assert not Order.objects.exists()


# --- cancel


def test_cancelling_expires_the_session_and_frees_the_stock_and_is_safe_to_repeat(general, buy, sandbox):
    start = buy((general, 2))
    for _ in range(2):
        assert checkout.cancel_checkout(start.order).status == "cancelled"
    general.refresh_from_db()
    assert general.held == 0
    status, _ = sandbox.control(
        "POST", f"/_sandbox/checkout/{start.payment.session_id}/pay", {"card": "4242424242424242"}
    )
    assert status == 409


def test_cancelling_what_stripe_says_is_paid_settles_it(general, buy, pay):
    start = buy((general, 2))
    pay(start.payment.session_id)
    assert checkout.cancel_checkout(start.order).status == "paid"
    assert start.order.tickets.count() == 2


def test_cancelling_an_order_that_never_reached_stripe(general, buy):
    start = buy((general, 2))
    Payment.objects.all().delete()
    assert checkout.cancel_checkout(start.order).status == "cancelled"
    general.refresh_from_db()
    assert general.held == 0


def test_an_abandoned_order_without_a_payment_is_freed_by_the_sweep(general, buy):
    buy((general, 2))
    Payment.objects.all().delete()
    assert holds.expire_due_holds() == 0
    assert holds.expire_due_holds(now=timezone.now() + timedelta(seconds=91)) == 1
    general.refresh_from_db()
    assert (general.held, Order.objects.get().status) == (0, "expired")


# --- resume


@pytest.fixture
def lapsed(general, buy, settle, sandbox):
    """An order whose session has expired."""
    start = buy((general, 2))
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 33 * 60})
    settle()
    return Order.objects.get(pk=start.order.pk)


def test_resuming_a_lapsed_order_holds_anew_and_opens_another_session(lapsed, general, pay, settle):
    url, expires_at = checkout.resume_checkout(lapsed)
    assert url
    assert expires_at > timezone.now()
    general.refresh_from_db()
    assert general.held == 2
    first, second = Payment.objects.order_by("pk")
    assert (first.status, second.status) == ("expired", "open")
    assert first.idempotency_key != second.idempotency_key
    pay(second.session_id)
    settle()
    lapsed.refresh_from_db()
    assert (lapsed.status, lapsed.tickets.count(), lapsed.problem) == ("paid", 2, "")


@pytest.mark.broken_books("a counter stands in for the orders of others")
def test_resuming_when_others_took_the_stock(lapsed, general):
    TicketType.objects.update(sold=99)
    with pytest.raises(TicketSoldOut):
        checkout.resume_checkout(lapsed)
    general.refresh_from_db()
    assert general.held == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda: TicketType.objects.update(price_amount=6000),
        lambda: FeeTerms.objects.filter(plan__code="organization").update(percent=5),
    ],
)
def test_resuming_when_the_order_would_cost_something_else(change, lapsed):
    change()
    with pytest.raises(ReservationExpired):
        checkout.resume_checkout(lapsed)


def test_resuming_when_the_event_isnt_on_sale_any_more(lapsed, event):
    pause(event, None)
    with pytest.raises(EventNotOnSale):
        checkout.resume_checkout(lapsed)


def test_a_cancelled_order_cant_be_resumed(general, buy):
    start = buy((general, 2))
    checkout.cancel_checkout(start.order)
    with pytest.raises(ReservationExpired):
        checkout.resume_checkout(start.order)


def test_resuming_a_paid_order_leads_to_its_page(general, buy, pay, settle):
    start = buy((general, 2))
    pay(start.payment.session_id)
    settle()
    assert checkout.resume_checkout(start.order) == (
        f"http://testserver/o/{start.order.code}/?key={start.order.key}",
        None,
    )


def test_resuming_after_the_hold_ended_asks_stripe_first(general, buy, pay):
    start = buy((general, 2))
    pay(start.payment.session_id)
    Payment.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert checkout.resume_checkout(start.order)[1] is None
    assert Order.objects.get().status == "paid"


# --- idempotency of the request


def test_the_same_request_again_is_the_same_order_even_when_its_session_is_open(general, buy):
    first = buy((general, 1), idempotency=("guest:a", "k1"))
    assert buy((general, 1), idempotency=("guest:a", "k1")).order == first.order
    assert buy((general, 1), idempotency=("guest:b", "k1")).order != first.order
    assert buy((general, 1), idempotency=("guest:a", "k2")).order != first.order


def test_the_same_request_for_free_tickets_is_one_order(event, buy):
    free = TicketTypeFactory(event=event, price_amount=0)
    first = buy((free, 1), idempotency=("guest:a", "k1"))
    assert buy((free, 1), idempotency=("guest:a", "k1")).order == first.order
    free.refresh_from_db()
    assert free.sold == 1


def test_a_request_repeated_after_its_order_was_refunded_is_still_that_order(general, sell, buy, organizer):
    order = sell((general, 2), idempotency=("guest:a", "k1"))
    request_refund(order, actor=organizer, reason="Asked for", amount=1000)
    assert buy((general, 2), idempotency=("guest:a", "k1")).order == order
    request_refund(order, actor=organizer, reason="Asked for")
    assert buy((general, 2), idempotency=("guest:a", "k1")).order == order
