"""The order page in its states, its buttons, and the two addresses that Stripe leads back to."""

import gzip
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import User
from ticketing.models import Event, Order, Payment, TicketType
from ticketing.services.checkout import CheckoutStart, Item, start_checkout
from ticketing.services.ticket_cancellations import cancel_ticket
from ticketing.tests.factories import TicketTypeFactory

Buy = Callable[..., CheckoutStart]
Pay = Callable[..., dict[str, Any]]
Queries = Callable[[int], Any]
LARGEST_PAGE = 12 * 1024


def flat(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def path_of(order: Order, *, key: str | None = None) -> str:
    return f"/o/{order.code}/?key={order.key if key is None else key}"


def session_of(order: Order) -> str:
    session_id = order.payments.latest("id").session_id
    assert session_id
    return session_id


@pytest.fixture
def order(buy: Buy, general: TicketType) -> Order:
    """Two tickets, held, unpaid."""
    return buy((general, 2)).order


@pytest.fixture
def paid(order: Order, pay: Pay, client: Client) -> Order:
    """Two tickets, paid; the browser of `client` came back from Stripe."""
    pay(session_of(order))
    client.get(f"/payment-success?session_id={session_of(order)}", follow=True)
    order.refresh_from_db()
    return order


# --- who may see it


def test_the_key_opens_the_order_and_nothing_less_does(order: Order, stranger: User) -> None:
    assert Client().get(path_of(order)).status_code == 200
    visitor = Client()
    for key in ("", "0" * 32, order.key[:-1], "ключ"):
        assert visitor.get(path_of(order, key=key)).status_code == 404
    visitor.force_login(stranger)
    assert visitor.get(path_of(order, key="")).status_code == 404
    assert visitor.get("/o/M-0000000/").status_code == 404
    assert visitor.get("/o/nonsense/").status_code == 404


def test_guessing_keys_is_throttled_and_the_right_key_is_not(order: Order, settings: Any) -> None:
    settings.THROTTLES = {**settings.THROTTLES, "lookup": "2/hour"}
    visitor = Client()
    answers = [visitor.get(path_of(order, key=f"{guess:032x}")).status_code for guess in range(3)]
    assert answers == [404, 404, 429]
    assert visitor.get(path_of(order)).status_code == 200


def test_a_browser_that_had_the_key_needs_it_no_more(client: Client, order: Order) -> None:
    client.get(path_of(order))
    assert client.get(f"/o/{order.code}/").status_code == 200
    client.cookies["orders"] = client.cookies["orders"].value + "x"
    assert client.get(f"/o/{order.code}/").status_code == 404


def test_the_signed_in_buyer_needs_no_key(client: Client, buy: Buy, general: TicketType, buyer: User) -> None:
    mine = buy((general, 1), user=buyer).order
    client.force_login(buyer)
    assert client.get(f"/o/{mine.code}/").status_code == 200


def test_a_manager_sees_orders_and_a_scanner_does_not(order: Order, manager: User, scanner: User) -> None:
    for user, status in ((manager, 200), (scanner, 403)):
        client = Client()
        client.force_login(user)
        assert client.get(f"/o/{order.code}/").status_code == status


def test_the_page_is_not_kept_by_caches_nor_indexed(client: Client, order: Order) -> None:
    response = client.get(path_of(order))
    assert "no-store" in response["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in flat(response)


# --- unpaid


def test_an_unpaid_order_says_until_when_it_is_held_and_what_can_be_done(
    client: Client, order: Order
) -> None:
    page = flat(client.get(path_of(order)))
    assert "Your 2 tickets are held" in page
    assert re.search(r"Held for you until \d+:\d\d (am|pm) E[SD]T\.", page)
    for words in ("Continue to payment · $100.00", "Keep holding", "Cancel order"):
        assert words in page


def test_continue_to_payment_leads_to_the_open_session(client: Client, order: Order) -> None:
    response = client.post(f"/o/{order.code}/resume/", {"key": order.key})
    assert response["Location"] == order.payments.get().session_url


def test_keep_holding_comes_back_with_the_time(client: Client, order: Order) -> None:
    response = client.post(f"/o/{order.code}/hold/", {"key": order.key}, follow=True)
    assert "Your tickets are held." in flat(response)
    assert "Held for you until" in flat(response)


def test_new_sessions_are_throttled_in_words(client: Client, order: Order, settings: Any) -> None:
    settings.THROTTLES = {**settings.THROTTLES, "checkout": "1/hour"}
    assert client.post(f"/o/{order.code}/resume/", {"key": order.key}).status_code == 302
    response = client.post(f"/o/{order.code}/resume/", {"key": order.key}, follow=True)
    assert "Too many requests. Try again in" in flat(response)


def test_cancel_gives_the_tickets_back(client: Client, order: Order, general: TicketType) -> None:
    response = client.post(f"/o/{order.code}/cancel/", {"key": order.key}, follow=True)
    page = flat(response)
    assert "This order was cancelled" in page
    assert "No money was taken." in page
    assert f"checkout/?order={order.code}" in page
    general.refresh_from_db()
    assert general.held == 0


def test_the_buttons_want_the_key_and_a_post(client: Client, order: Order, stranger: User) -> None:
    client.force_login(stranger)
    for button in ("resume", "hold", "cancel"):
        assert client.get(f"/o/{order.code}/{button}/", {"key": order.key}).status_code == 405
        assert client.post(f"/o/{order.code}/{button}/", {"key": "0" * 32}).status_code == 404
    order.refresh_from_db()
    assert order.status == "awaiting_payment"


def test_a_declined_card_says_so_and_offers_another_try(client: Client, order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(problem="PAYMENT_FAILED")
    page = flat(client.get(path_of(order)))
    assert "Payment was declined. Please try a different payment method." in page
    assert "No money was taken." in page
    assert "Try again · $100.00" in page


def test_an_expired_order_says_so_and_can_be_held_anew(client: Client, order: Order, sandbox: Any) -> None:
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 3600})
    client.get(path_of(order) + "&wait=1")
    page = flat(client.get(path_of(order)))
    assert "Your reservation has expired" in page
    assert "No money was taken." in page
    response = client.post(f"/o/{order.code}/resume/", {"key": order.key})
    assert order.payments.count() == 2
    assert response["Location"] == order.payments.latest("id").session_url


@pytest.mark.broken_books("a row is put as the page needs it")
def test_an_expired_order_whose_tickets_are_gone_says_so(
    client: Client, order: Order, general: TicketType, sandbox: Any
) -> None:
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 3600})
    client.get(path_of(order) + "&wait=1")
    TicketType.objects.filter(pk=general.pk).update(sold=100)
    response = client.post(f"/o/{order.code}/resume/", {"key": order.key}, follow=True)
    assert "Sorry, this ticket type is sold out." in flat(response)


@pytest.mark.broken_books("a row is put as the page needs it")
def test_money_without_tickets_never_reads_as_no_money_taken(client: Client, order: Order) -> None:
    order.payments.update(status=Payment.Status.REVIEW)
    page = flat(client.get(path_of(order)))
    assert "We are checking your payment" in page
    assert "No money was taken" not in page
    Order.objects.filter(pk=order.pk).update(status="expired")
    assert "No money was taken" not in flat(client.get(path_of(order)))


# --- back from Stripe


def test_the_success_address_settles_and_shows_the_tickets(client: Client, order: Order, pay: Pay) -> None:
    pay(session_of(order))
    response = client.get(f"/payment-success?session_id={session_of(order)}", follow=True)
    page = flat(response)
    assert "You’re going to Night Market" in page
    assert page.count('class="qr"') == 2
    for ticket in order.tickets.all():
        assert f"{ticket.code[:5]}-{ticket.code[5:]}" in page
    assert "Visa ending 4242" in page


def test_the_success_address_takes_only_sessions_of_ours(client: Client, order: Order) -> None:
    for session_id in ("", "cs_test_nonsense", "' OR 1=1"):
        assert client.get("/payment-success", {"session_id": session_id}).status_code == 404
    assert client.get("/payment-success").status_code == 404
    assert client.post(f"/payment-success?session_id={session_of(order)}").status_code == 405


def test_an_unconfirmed_payment_waits_then_says_that_it_takes_longer(client: Client, order: Order) -> None:
    page = flat(client.get(f"/payment-success?session_id={session_of(order)}", follow=True))
    assert "Confirming your payment…" in page
    assert re.search(r'http-equiv="refresh" content="3;url=/o/[^"]+wait=2"', page)
    page = flat(client.get(path_of(order) + "&wait=10"))
    assert "This is taking longer than usual" in page
    assert "You don’t need to pay again" in page
    assert "http-equiv" not in page


def test_a_stripe_that_cannot_be_reached_does_not_break_the_page(
    client: Client, order: Order, sandbox: Any
) -> None:
    sandbox.control("POST", "/_sandbox/faults", {"path": "/v1/", "effect": "drop_connection", "times": 50})
    assert "Confirming your payment…" in flat(client.get(path_of(order) + "&wait=1"))
    response = client.post(f"/o/{order.code}/cancel/", {"key": order.key}, follow=True)
    assert "Nothing was charged." in flat(response) or "can’t reach" in flat(response)
    page = flat(client.get("/payment-cancel", {"order": order.code, "key": order.key}))
    assert "Go to your order" in page
    sandbox.control("DELETE", "/_sandbox/faults")


def test_the_paid_page_costs_at_most_six_queries(
    client: Client, paid: Order, django_assert_max_num_queries: Queries
) -> None:
    with django_assert_max_num_queries(6):
        client.get(path_of(paid))


def test_the_receipt_itemises_what_was_paid(client: Client, paid: Order) -> None:
    page = flat(client.get(path_of(paid)))
    assert "2 × General admission</dt><dd>$100.00" in page
    assert "Total paid</dt><dd>$100.00" in page
    assert "Service fee" not in page


@pytest.mark.broken_books("a row is put as the page needs it")
def test_a_cancelled_ticket_shows_no_code_to_scan(client: Client, paid: Order) -> None:
    first = paid.tickets.first()
    assert first
    first.status = "cancelled"
    first.save(update_fields=["status"])
    page = flat(client.get(path_of(paid)))
    assert "Not valid" in page
    assert page.count('class="qr"') == 1


@pytest.mark.broken_books("a row is put as the page needs it")
def test_a_refunded_order_says_what_goes_back(client: Client, paid: Order) -> None:
    paid.tickets.update(status="cancelled")
    Order.objects.filter(pk=paid.pk).update(status="refunded", refunded_amount=10000)
    page = flat(client.get(path_of(paid)))
    assert "$100.00 goes back to you" in page
    assert "−$100.00" in page
    assert "You’re going to" not in page


def test_a_cancelled_events_order_says_so(client: Client, paid: Order) -> None:
    paid.event.status = "cancelled"
    paid.event.save(update_fields=["status"])
    assert "Night Market is cancelled" in flat(client.get(path_of(paid)))


# --- leaving the payment


def test_leaving_frees_the_tickets_and_keeps_cart_and_details(
    client: Client, order: Order, general: TicketType
) -> None:
    for _again in range(2):
        page = flat(client.get("/payment-cancel", {"order": order.code, "key": order.key}))
        assert "No money was taken." in page
    general.refresh_from_db()
    assert general.held == 0
    back = re.search(r'href="([^"]+checkout/\?order=[^"]+)"', page)
    assert back
    page = flat(client.get(back[1].replace("&amp;", "&")))
    assert 'value="ada@example.com"' in page
    assert f'name="q-{general.public_id}" value="2"' in page


def test_leaving_after_paying_leads_to_the_order(client: Client, order: Order, pay: Pay) -> None:
    pay(session_of(order))
    response = client.get("/payment-cancel", {"order": order.code, "key": order.key})
    assert response["Location"] == path_of(order)
    order.refresh_from_db()
    assert order.status == "paid"


def test_leaving_wants_the_key(order: Order) -> None:
    assert Client().get("/payment-cancel", {"order": order.code}).status_code == 404
    assert Client().get("/payment-cancel").status_code == 404
    order.refresh_from_db()
    assert order.status == "awaiting_payment"


def test_an_event_that_is_over_offers_no_second_try(client: Client, order: Order) -> None:
    client.post(f"/o/{order.code}/cancel/", {"key": order.key})
    order.event.starts_at, order.event.ends_at = now() - timedelta(days=2), now() - timedelta(days=1)
    order.event.save(update_fields=["starts_at", "ends_at"])
    assert "Try again" not in flat(client.get(path_of(order)))


def test_ten_tickets_are_a_small_page_and_those_that_count_come_first(
    client: Client, event: Event, organizer: User, django_assert_max_num_queries: Queries
) -> None:
    free = TicketTypeFactory(event=event, price_amount=0)
    order = start_checkout(
        event, items=[Item(free.public_id, 10)], email="ada@example.com", name="Ada Obi"
    ).order
    first = order.tickets.order_by("id")[0]
    cancel_ticket(first, actor=organizer, reason="Ill")
    client.get(path_of(order))
    with django_assert_max_num_queries(4):
        page = client.get(path_of(order)).content
    assert len(gzip.compress(page)) <= LARGEST_PAGE
    assert page.count(b"Not valid") == 1
    assert page.index(f"{first.code[:5]}-{first.code[5:]}".encode()) > page.index(b"10 of 10")


@pytest.mark.parametrize("is_paid", [False, True])
def test_a_member_sees_the_order_without_becoming_its_buyer(
    order: Order, pay: Pay, manager: User, is_paid: bool
) -> None:
    """Its key would outlast the membership, and what the buyer does is written down as the buyer's."""
    if is_paid:
        pay(session_of(order))
        Client().get("/payment-success", {"session_id": session_of(order)}, follow=True)
    client = Client()
    client.force_login(manager)
    assert order.key not in flat(client.get(f"/o/{order.code}/"))
    assert order.key.encode() not in client.get(f"/o/{order.code}/event.ics").content
    assert order.key not in client.get(f"/o/{order.code}/tickets.pdf").headers.get("Location", "")
    for part in ("resume", "hold", "cancel"):
        assert client.post(f"/o/{order.code}/{part}/").status_code == 404
    assert client.get("/payment-cancel", {"order": order.code}).status_code == 404
    assert "orders" not in client.cookies
    order.refresh_from_db()
    assert order.status == ("paid" if is_paid else "awaiting_payment")


def test_a_session_that_no_text_can_be_is_nobodys(client: Client) -> None:
    assert client.get("/payment-success", {"session_id": "cs_\x00"}).status_code == 404
