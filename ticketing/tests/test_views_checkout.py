"""The checkout page: one form, everything typed kept, every refusal in words with a next step."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Organization, User
from connect.models import ConnectedAccount
from ticketing.models import Event, Order, TicketType
from ticketing.tests.factories import EventFactory, TicketTypeFactory

Queries = Callable[[int], Any]
DETAILS = {"email": "ada@example.org", "name": "Ada Obi"}


def cart(*wanted: tuple[TicketType, int]) -> dict[str, str]:
    return {f"q-{ticket_type.public_id}": str(quantity) for ticket_type, quantity in wanted}


def chosen(ticket_type: TicketType, quantity: int) -> str:
    """The order's stepper that stands at so many."""
    return f'name="q-{ticket_type.public_id}" value="{quantity}"'


def flat(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.fixture
def path(event: Event) -> str:
    return f"/e/{event.slug}/checkout/"


def test_the_summary_itemises_the_fees_that_the_buyer_bears(client: Client, event: Event, path: str) -> None:
    Event.objects.filter(pk=event.pk).update(fee_absorption="pass_to_buyer")
    seats, standing = (
        TicketTypeFactory(event=event),
        TicketTypeFactory(event=event, name="Standing", price_amount=2500),
    )
    page = flat(client.get(path, cart((seats, 2), (standing, 1))))
    for words in (
        "$100.00",
        "$25.00",
        "Service fee</dt><dd>$7.25",
        "Processing fee</dt><dd>$4.74",
        "$136.99",
    ):
        assert words in page
    assert "Continue to payment · $136.99" in page


def test_an_absorbed_fee_is_not_on_the_buyers_summary(client: Client, general: TicketType, path: str) -> None:
    page = flat(client.get(path, cart((general, 2))))
    assert "Service fee" not in page
    assert "Continue to payment · $100.00" in page


def test_the_page_costs_at_most_four_queries(
    client: Client, general: TicketType, path: str, django_assert_max_num_queries: Queries
) -> None:
    with django_assert_max_num_queries(4):
        client.get(path, cart((general, 2)))


def test_continue_holds_the_tickets_and_leads_to_stripes_page(
    client: Client, general: TicketType, path: str
) -> None:
    response = client.post(path, {**cart((general, 2)), **DETAILS})
    order = Order.objects.get()
    assert response.status_code == 302
    assert response["Location"] == order.payments.get().session_url
    general.refresh_from_db()
    assert (general.held, order.email, order.name, order.user) == (2, "ada@example.org", "Ada Obi", None)


def test_a_signed_in_buyers_details_are_filled_in_and_the_order_is_theirs(
    client: Client, general: TicketType, path: str, buyer: User
) -> None:
    client.force_login(buyer)
    page = flat(client.get(path, cart((general, 1))))
    assert 'value="buyer@example.com"' in page
    assert 'value="Ada Obi"' in page
    client.post(path, {**cart((general, 1)), **DETAILS})
    assert Order.objects.get().user == buyer


def test_a_free_order_is_paid_at_once_without_stripe(client: Client, event: Event, path: str) -> None:
    free = TicketTypeFactory(event=event, price_amount=0)
    assert "Get tickets" in flat(client.get(path, cart((free, 1))))
    response = client.post(path, {**cart((free, 1)), **DETAILS})
    order = Order.objects.get()
    assert (order.status, order.payments.count(), order.tickets.count()) == ("paid", 0, 1)
    assert f"/o/{order.code}/?key={order.key}" in response["Location"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"email": "ada@", "name": "Ada"}, "Enter an email address, like name@example.com"),
        ({"email": "", "name": "Ada"}, "Enter an email address, like name@example.com"),
        ({"email": "ada@example.org", "name": "  "}, "Enter your name"),
        ({"email": "ada@example.org", "name": "a" * 151}, "at most 150 characters"),
        ({"email": "ada@example.org", "name": "A\x00da"}, "Null characters are not allowed"),
    ],
)
def test_a_wrong_detail_is_said_beside_its_field_and_keeps_what_was_typed(
    client: Client, general: TicketType, path: str, typed: dict[str, str], words: str
) -> None:
    response = client.post(path, {**cart((general, 2)), **typed})
    page = flat(response)
    assert response.status_code == 400
    assert page.count(words) == 2  # in the summary, and beside the field
    assert "<title>Error:" in page
    assert chosen(general, 2) in page
    if "@" in typed["email"]:
        assert f'value="{typed["email"]}"' in page
    assert not Order.objects.exists()


def test_fewer_left_than_wanted_changes_the_order_and_says_so(
    client: Client, general: TicketType, path: str
) -> None:
    TicketType.objects.filter(pk=general.pk).update(sold=99)
    response = client.post(path, {**cart((general, 2)), **DETAILS})
    page = flat(response)
    assert response.status_code == 409
    assert "Only 1 General admission left. We changed your order from 2 to 1." in page
    assert chosen(general, 1) in page
    assert 'value="ada@example.org"' in page
    assert not Order.objects.exists()


def test_a_sold_out_type_is_taken_out_of_the_order(
    client: Client, event: Event, general: TicketType, path: str
) -> None:
    other = TicketTypeFactory(event=event, name="Balcony")
    TicketType.objects.filter(pk=general.pk).update(sold=100)
    page = flat(client.post(path, {**cart((general, 2), (other, 1)), **DETAILS}))
    assert "Sorry, this ticket type is sold out. We took General admission out of your order." in page
    assert chosen(other, 1) in page
    page = flat(client.post(path, {**cart((general, 2)), **DETAILS}))
    assert "Choose other tickets" in page


def test_more_than_one_order_may_have_is_brought_down_with_words(
    client: Client, general: TicketType, path: str
) -> None:
    page = flat(client.post(path, {**cart((general, 50)), **DETAILS}))
    assert "One order may have 10 General admission. We changed yours from 50." in page
    assert not Order.objects.exists()


def test_without_a_choice_the_buyer_is_led_back_to_the_tickets(
    client: Client, general: TicketType, path: str
) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].endswith("#tickets")
    assert "Choose at least one ticket." in flat(client.get(response["Location"]))
    assert client.post(path, DETAILS).status_code == 409


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({"detached_at": now()}, "Tickets are not yet available for purchase. Please check back later."),
        ({"charges_enabled": False}, "Ticket sales are temporarily paused. Please try again later."),
    ],
)
def test_an_organizer_who_cannot_be_paid_sells_nothing(
    client: Client, general: TicketType, path: str, account: dict[str, Any], words: str
) -> None:
    ConnectedAccount.objects.update(**account)
    assert words in flat(client.post(path, {**cart((general, 1)), **DETAILS}))
    assert not Order.objects.exists()


def test_a_stripe_that_fails_loses_nothing_that_was_typed(
    client: Client, general: TicketType, path: str, sandbox: Any
) -> None:
    fault = {"path": "/v1/checkout/sessions", "effect": "drop_connection", "times": 50}
    sandbox.control("POST", "/_sandbox/faults", fault)
    response = client.post(path, {**cart((general, 2)), **DETAILS})
    page = flat(response)
    assert response.status_code == 502
    assert "We can’t reach the payment page right now." in page
    assert "you won’t pay twice" in page
    assert 'value="ada@example.org"' in page
    sandbox.control("DELETE", "/_sandbox/faults")
    assert client.post(path, {**cart((general, 2)), **DETAILS}).status_code == 302
    assert Order.objects.count() == 1


def test_an_order_that_was_left_fills_cart_and_details_in(
    client: Client, general: TicketType, path: str, buy: Callable[..., Any]
) -> None:
    order = buy((general, 3)).order
    page = flat(client.get(path, {"order": order.code, "key": order.key}))
    assert chosen(general, 3) in page
    assert 'value="ada@example.com"' in page
    assert Client().get(path, {"order": order.code, "key": "0" * 32}).status_code == 404


def test_the_buy_button_is_refused_past_the_throttle(
    client: Client, general: TicketType, path: str, settings: Any
) -> None:
    settings.THROTTLES = {**settings.THROTTLES, "checkout": "1/hour"}
    assert client.post(path, {**cart((general, 1)), **DETAILS}).status_code == 302
    response = client.post(path, {**cart((general, 1)), **DETAILS})
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert 'value="ada@example.org"' in flat(response)


def test_a_checkout_without_its_event_is_a_404(
    client: Client, organization: Organization, stranger: User
) -> None:
    draft = EventFactory(organization=organization, status="draft", slug="draft")
    ticket_type = TicketTypeFactory(event=draft)
    client.force_login(stranger)
    for path in ("/e/draft/checkout/", "/e/missing/checkout/"):
        assert client.get(path, cart((ticket_type, 1))).status_code == 404
        assert client.post(path, {**cart((ticket_type, 1)), **DETAILS}).status_code == 404


def test_other_methods_are_refused(client: Client, event: Event, path: str) -> None:
    assert client.put(path).status_code == 405
    assert client.delete(path).status_code == 405


def test_a_form_without_its_token_is_refused_in_words(general: TicketType, path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(path, {**cart((general, 1)), **DETAILS})
    assert response.status_code == 403
    assert "This page was open too long" in flat(response)
    assert not Order.objects.exists()


def test_a_type_of_another_event_is_not_sold_here(client: Client, general: TicketType, path: str) -> None:
    foreign = TicketTypeFactory()
    response = client.post(path, {**cart((foreign, 1)), **DETAILS})
    assert response.status_code == 409
    assert not Order.objects.exists()


def test_sales_that_end_while_the_form_is_open_are_said(
    client: Client, general: TicketType, path: str
) -> None:
    TicketType.objects.filter(pk=general.pk).update(sales_end=now() - timedelta(seconds=1))
    page = flat(client.post(path, {**cart((general, 1)), **DETAILS}))
    assert "Sales of General admission have ended. We took it out of your order." in page


def test_whoever_names_a_hidden_type_can_buy_it(client: Client, event: Event, path: str) -> None:
    hidden = TicketTypeFactory(event=event, name="Press", is_hidden=True)
    assert "1 × Press" in flat(client.get(path, cart((hidden, 1))))
    assert client.post(path, {**cart((hidden, 1)), **DETAILS}).status_code == 302


def test_the_same_form_sent_twice_is_one_order(client: Client, general: TicketType) -> None:
    page = client.get(f"/e/night-market/checkout/?q-{general.public_id}=1").content.decode()
    once = re.search(r'name="once" value="(\w{32})"', page).group(1)
    form = {f"q-{general.public_id}": "1", "email": "ada@example.com", "name": "Ada", "once": once}
    first, second = (client.post("/e/night-market/checkout/", form)["Location"] for _ in range(2))
    assert first == second
    assert Order.objects.count() == 1
    client.post("/e/night-market/checkout/", {**form, "email": "bob@example.com"})
    assert Order.objects.count() == 2


# --- quantities, names, and what was typed


def test_the_steppers_change_the_order_without_a_script_and_keep_what_was_typed(
    client: Client, event: Event, general: TicketType, path: str
) -> None:
    other = TicketTypeFactory(event=event, name="Balcony", min_per_order=2)
    form = {**cart((general, 1), (other, 2)), "email": "ada@", "name": ""}
    page = flat(client.post(path, {**form, "add": general.public_id}))
    assert chosen(general, 2) in page
    assert "$200.00" in page
    assert 'value="ada@"' in page
    assert "There is a problem" not in page  # nothing was sent off yet
    page = flat(client.post(path, {**form, "clear": other.public_id}))
    assert chosen(other, 0) in page  # so that it can be taken back
    assert f'name="clear" value="{general.public_id}"' in page
    assert not Order.objects.exists()


def test_the_names_that_an_organizer_asks_for_are_on_the_tickets(
    client: Client, event: Event, path: str
) -> None:
    Event.objects.filter(pk=event.pk).update(asks_attendee_names=True)
    seats = TicketTypeFactory(event=event, price_amount=0, name="Seats")
    page = flat(client.get(path, cart((seats, 3))))
    assert "Who is coming?" in page
    assert "Seats, ticket 3" in page
    names = {f"who-{seats.public_id}-1": " Cy  Lo ", f"who-{seats.public_id}-3": "Bo", "who-x-1": "Eve"}
    client.post(path, {**cart((seats, 3)), **DETAILS, **names})
    order = Order.objects.get()
    assert list(order.tickets.values_list("holder_name", flat=True)) == ["Cy Lo", "Ada Obi", "Bo"]
    page = flat(client.get(path, {"order": order.code, "key": order.key}))
    assert 'value="Cy Lo"' in page


def test_nobody_is_asked_for_names_that_nobody_wants(
    client: Client, event: Event, general: TicketType, path: str
) -> None:
    assert "Who is coming?" not in flat(client.get(path, cart((general, 3))))
    client.post(path, {**cart((general, 1)), **DETAILS, f"who-{general.public_id}-1": "Eve"})
    assert Order.objects.get().lines.get().attendee_names == []


def test_a_name_typed_for_a_ticket_that_was_taken_out_comes_back_with_it(
    client: Client, event: Event, general: TicketType, path: str
) -> None:
    Event.objects.filter(pk=event.pk).update(asks_attendee_names=True)
    name = f"who-{general.public_id}-2"
    page = flat(client.post(path, {**cart((general, 1)), name: "Cy", "update": "1"}))
    assert f'<input type="hidden" name="{name}" value="Cy">' in page
    page = flat(client.post(path, {**cart((general, 1)), name: "Cy", "add": general.public_id}))
    assert f'<input type="hidden" name="{name}"' not in page
    assert 'value="Cy"' in page


def test_what_was_typed_is_there_again_after_a_look_at_the_event_and_after_the_back_button(
    client: Client, general: TicketType, path: str
) -> None:
    response = client.post(path, {**cart((general, 2)), "email": "ada@", "name": "Ada", "leave": "1"})
    assert response["Location"] == f"/e/night-market/?q-{general.public_id}=2#tickets"
    page = flat(client.get(path, cart((general, 2))))
    assert 'value="ada@"' in page
    response = client.post(path, {**cart((general, 2)), "email": "ada@", "leave": "sign-in"})
    assert response["Location"].startswith("/account/login/?next=%2Fe%2Fnight-market%2Fcheckout%2F%3Fq-")
    client.post(path, {**cart((general, 2)), **DETAILS})
    order = Order.objects.get()
    page = flat(client.get(path, cart((general, 2))))
    assert 'value="ada@example.org"' in page
    assert f"/o/{order.code}/" in page  # two tickets are held already
    client.post(path, {**cart((general, 2)), **DETAILS, "add": general.public_id})
    assert f"/o/{order.code}/" in flat(client.get(path, cart((general, 3))))
    assert "ada@example.org" not in flat(Client().get(path, cart((general, 2))))
    client.cookies["buyer"] = client.cookies["buyer"].value + "x"
    assert client.get(path, cart((general, 2))).status_code == 200


def test_nobody_is_sent_to_pay_a_total_that_the_page_did_not_show(
    client: Client, general: TicketType, path: str
) -> None:
    response = client.post(path, {**cart((general, 3)), **DETAILS, "shown": "10000"})
    assert response.status_code == 409
    assert "Your order is now 3 tickets for $150.00. Look at it, then continue." in flat(response)
    assert not Order.objects.exists()
    assert client.post(path, {**cart((general, 3)), **DETAILS, "shown": "15000"}).status_code == 302
