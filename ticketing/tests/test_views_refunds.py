"""The refund page: what it lets one choose, what it says before, and that it refunds once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from maly.money import format_amount
from notifications.models import Message
from notifications.registry import render_message
from ticketing.models import Event, Order, Refund, Ticket, TicketType
from ticketing.services.refunds import request_refund
from ticketing.tests.books import read_books
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db
Sell = Callable[..., Order]


@pytest.fixture
def client(organizer: User) -> Client:
    client = Client()
    client.force_login(organizer)
    return client


@pytest.fixture
def passed_on(event: Event) -> TicketType:
    """A $25.00 ticket whose buyer bears the fees."""
    Event.objects.update(fee_absorption="pass_to_buyer")
    event.refresh_from_db()
    return TicketTypeFactory(event=event, price_amount=2500)


def path_of(order: Order) -> str:
    return f"/dashboard/orders/{order.code}/refund/"


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def choose(client: Client, order: Order, **wish: Any) -> tuple[Any, dict[str, Any]]:
    """Fill in the form and go on to the check; its answer, and what its buttons would send."""
    nonce = re.search(r'name="nonce" value="(\w+)"', client.get(path_of(order)).content.decode())
    assert nonce
    given = {"nonce": nonce[1], "way": "tickets", "restock": "on", "gives_fee_back": "on", "reason": "Ill"}
    sent = {name: value for name, value in {**given, **wish}.items() if value is not None}
    answer = client.post(path_of(order), {**sent, "step": "check"})
    expected = re.search(r'name="expected" value="([^"]+)"', answer.content.decode())
    return answer, {**sent, "step": "refund", "expected": expected[1] if expected else ""}


def first_ticket(order: Order) -> Ticket:
    ticket = order.tickets.exclude(status="cancelled").first()
    assert ticket
    return ticket


def test_it_says_who_pays_what_and_then_does_that(
    client: Client, passed_on: TicketType, sell: Sell, settle: Callable[[], None]
) -> None:
    order = sell((passed_on, 2))
    ticket = first_ticket(order)
    answer, send = choose(client, order, tickets=[ticket.code])
    page = words_of(answer)
    for words in (
        "Taken from your Stripe balance $25.00",
        "Maly returns $2.83",
        "Ada Obi gets $27.83",
        f"Ticket {ticket.code[:5]}-{ticket.code[5:]} is cancelled and can’t be used.",
        "Back on Visa ····4242 in 5–10 working days.",
        "Refund $27.83",
    ):
        assert words in page, words
    assert not Refund.objects.exists()
    done = client.post(path_of(order), send, follow=True)
    settle()
    refund = Refund.objects.get()
    assert done.redirect_chain == [(f"/dashboard/orders/{order.code}/refunds/{refund.code}/", 302)]
    assert "$27.83 is on its way to Ada Obi" in words_of(done)
    assert (refund.amount, refund.fee_amount, refund.reason, refund.restock) == (2783, 283, "Ill", True)
    assert read_books(Order.objects.get()).organizer == 2500


def test_sending_it_again_refunds_once(
    client: Client, passed_on: TicketType, sell: Sell, settle: Callable[[], None]
) -> None:
    order = sell((passed_on, 2))
    _answer, send = choose(client, order, way="amount", amount="10")
    places = {client.post(path_of(order), send)["Location"] for _time in range(3)}
    assert len(places) == 1
    settle()
    assert [refund.amount for refund in Refund.objects.all()] == [1000]
    # Going back to the check and pressing it once more leads to the same refund.
    assert client.post(path_of(order), {**send, "step": "check"})["Location"] in places


def test_without_the_service_fee_the_buyer_gets_the_price(
    client: Client, passed_on: TicketType, sell: Sell, settle: Callable[[], None]
) -> None:
    order = sell((passed_on, 1))
    answer, send = choose(
        client, order, tickets=[first_ticket(order).code], gives_fee_back=None, restock=None
    )
    page = words_of(answer)
    assert "Ada Obi gets $25.00" in page
    assert "The service fee of $2.83 is not returned." in page
    assert "The seats don’t go back on sale." in page
    client.post(path_of(order), send)
    settle()
    ticket_type = TicketType.objects.get()
    assert (Refund.objects.get().amount, ticket_type.sold, ticket_type.capacity) == (2500, 0, 99)


def test_a_fee_that_the_plan_keeps_is_not_the_organizers_to_give(
    client: Client, passed_on: TicketType, general: TicketType, sell: Sell
) -> None:
    order = sell((passed_on, 1))
    assert "Give back the service fee too" in words_of(client.get(path_of(order)))
    Order.objects.update(fee_terms={**order.fee_terms, "refunds_platform_fee": False})
    assert "Give back the service fee too" not in words_of(client.get(path_of(order)))
    answer, _send = choose(client, order, tickets=[first_ticket(order).code])
    assert "Ada Obi gets $25.00" in words_of(answer)
    Event.objects.update(fee_absorption="absorb")
    absorbed = sell((general, 1))
    assert "Give back the service fee too" not in words_of(client.get(path_of(absorbed)))


def test_a_short_balance_is_said_and_owed(
    client: Client, general: TicketType, sell: Sell, sandbox: Any, settle: Callable[[], None]
) -> None:
    order = sell((general, 1))
    assert order.connected_account
    account = order.connected_account.stripe_account_id
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 7 * 86400})
    settle()
    sandbox.control("POST", "/_sandbox/payouts", {"account": account, "outcome": "paid"})
    settle()
    page = words_of(choose(client, order, tickets=[first_ticket(order).code])[0])
    assert "Your Stripe balance covers $0.00 of it. The other $45.50 is taken from your next sales." in page
    assert "Taken from your next sales $45.50" in page


def test_it_works_while_stripe_does_not_say_the_balance(
    client: Client, general: TicketType, sell: Sell, sandbox: Any
) -> None:
    order = sell((general, 1))
    sandbox.control(
        "POST",
        "/_sandbox/faults",
        {"method": "GET", "path": "/v1/balance", "effect": "error_500", "times": 5},
    )
    page = words_of(choose(client, order, tickets=[first_ticket(order).code])[0])
    assert "Taken from you $45.50" in page
    assert "We couldn’t reach Stripe to ask for your balance." in page


@pytest.mark.unsettled("Stripe never answers the refund here")
def test_an_outcome_that_is_not_known_yet_is_under_way(
    client: Client, general: TicketType, sell: Sell, sandbox: Any
) -> None:
    order = sell((general, 1))
    _answer, send = choose(client, order, tickets=[first_ticket(order).code])
    fault = {"method": "POST", "path": "/v1/refunds", "effect": "error_500", "times": 5}
    sandbox.control("POST", "/_sandbox/faults", fault)
    assert "The refund is under way" in words_of(client.post(path_of(order), send, follow=True))
    page = words_of(client.get(path_of(order)))
    assert "This order can’t be refunded now" in page
    assert "Another refund of this order is under way." in page


def test_a_checked_in_ticket_is_warned_about(client: Client, general: TicketType, sell: Sell) -> None:
    order = sell((general, 2))
    ticket = first_ticket(order)
    Ticket.objects.filter(pk=ticket.pk).update(status="checked_in")
    assert "A ticket of this refund is checked in" in words_of(
        choose(client, order, tickets=[ticket.code])[0]
    )
    Ticket.objects.update(status="valid")


def test_figures_that_have_changed_are_shown_again_and_nothing_is_refunded(
    client: Client, passed_on: TicketType, sell: Sell, organizer: User, settle: Callable[[], None]
) -> None:
    order = sell((passed_on, 2))
    ticket = first_ticket(order)
    _answer, send = choose(client, order, tickets=[ticket.code])
    page = words_of(client.post(path_of(order), {**send, "expected": "5000-5000-1"}))
    assert "The figures have changed since you looked." in page
    request_refund(order, actor=organizer, reason="Meanwhile", tickets=[ticket.code])
    settle()
    assert "There is a problem" in words_of(client.post(path_of(order), send))
    assert Refund.objects.count() == 1


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"tickets": []}, "Choose at least one ticket"),
        ({"tickets": ["ZZZZZZZZZZ"]}, "ZZZZZZZZZZ is not one of the available choices"),
        ({"way": "amount", "amount": ""}, "Enter the amount to give back"),
        ({"way": "amount", "amount": "-5"}, "Enter an amount such as 12.50."),
        ({"way": "amount", "amount": "1e3"}, "Enter an amount such as 12.50."),
        ({"way": "amount", "amount": "100.01"}, "At most $100.00 is left to refund."),
        ({"way": "amount", "amount": "5", "reason": "  "}, "Give a reason"),
        ({"way": "amount", "amount": "5", "reason": "x" * 501}, "at most 500 characters"),
        ({"way": "everything", "amount": "5"}, "everything is not one of the available choices"),
    ],
)
def test_what_cannot_be_refunded_is_said_beside_it(
    client: Client, general: TicketType, sell: Sell, wish: dict[str, Any], words: str
) -> None:
    order = sell((general, 2))
    page = words_of(choose(client, order, **wish)[0])
    assert "There is a problem" in page
    assert words in page
    assert not Refund.objects.exists()


def test_a_nonce_of_somebodys_own_is_refused(client: Client, general: TicketType, sell: Sell) -> None:
    order = sell((general, 1))
    answer, _send = choose(client, order, tickets=[first_ticket(order).code], nonce="x" * 32)
    assert "There is a problem" in words_of(answer)


def test_nothing_left_unpaid_and_disputed_orders_say_why_not(
    client: Client,
    general: TicketType,
    sell: Sell,
    buy: Callable[..., Any],
    organizer: User,
    dispute: Callable[..., Any],
    settle: Callable[[], None],
) -> None:
    refunded, disputed = sell((general, 1)), sell((general, 1))
    request_refund(refunded, actor=organizer, reason="Ill")
    settle()
    dispute(disputed)
    unpaid = buy((general, 1)).order
    why = {
        refunded: "Nothing is left to refund",
        unpaid: "Only a paid order can be refunded.",
        disputed: "This order is disputed: the buyer&#x27;s bank decides about its money.",
    }
    for order, words in why.items():
        page = words_of(client.get(path_of(order)))
        assert "This order can’t be refunded now" in page
        assert words in page


def test_what_the_organizer_typed_is_never_markup(client: Client, general: TicketType, sell: Sell) -> None:
    order = sell((general, 1), email="ada@example.com")
    hostile = '"><script>alert(1)</script>'
    Order.objects.update(name=hostile)
    answer, send = choose(client, order, tickets=[first_ticket(order).code], reason=hostile)
    assert "<script>alert" not in answer.content.decode()
    done = client.post(path_of(order), send, follow=True)
    assert "<script>alert" not in done.content.decode()


def test_changing_something_keeps_what_was_typed(client: Client, passed_on: TicketType, sell: Sell) -> None:
    order = sell((passed_on, 2))
    ticket = first_ticket(order)
    _answer, send = choose(client, order, tickets=[ticket.code], gives_fee_back=None, reason="Two of them")
    page = client.post(path_of(order), {**send, "step": "edit"}).content.decode()
    assert f'value="{ticket.code}" checked' in page
    assert 'value="Two of them"' in page
    assert 'name="gives_fee_back" checked' not in page
    assert format_amount(2783, "usd") in page


def test_a_link_of_a_ticket_has_it_chosen(client: Client, general: TicketType, sell: Sell) -> None:
    order = sell((general, 2))
    ticket = first_ticket(order)
    page = client.get(f"{path_of(order)}?ticket={ticket.code}").content.decode()
    assert page.count("checked") == 3  # the way, the ticket, and putting it back on sale


def test_only_an_owner_or_admin_gets_there(
    manager: User, scanner: User, stranger: User, general: TicketType, sell: Sell
) -> None:
    order = sell((general, 1))
    for user, status in ((manager, 403), (scanner, 403), (stranger, 404)):
        client = Client()
        client.force_login(user)
        assert client.get(path_of(order)).status_code == status
        assert client.post(path_of(order), {"step": "refund"}).status_code == status
    assert not Refund.objects.exists()


def test_a_private_note_is_the_teams_alone(
    client: Client, general: TicketType, sell: Sell, settle: Callable[[], None], organizer: User
) -> None:
    order = sell((general, 2))
    note = "Rang twice, be nice"
    answer, send = choose(client, order, tickets=[first_ticket(order).code], note=note)
    assert f"Only your team reads your note: “{note}”" in words_of(answer)
    assert f"Private note {note}" in words_of(client.post(path_of(order), send, follow=True))
    settle()
    request_refund(order, actor=organizer, reason="Ill", note="", amount=100)
    settle()
    assert f"Private note: {note}" in words_of(client.get(f"/dashboard/orders/{order.code}/"))
    exported = b"".join(client.get("/dashboard/orders/export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert exported.splitlines()[0].endswith("refund_notes")
    assert note in exported
    assert client.get(f"/api/orders/{order.code}").json()["refunds"][0]["note"] == note
    seen_by_the_buyer = [
        Client().get(f"/o/{order.code}/?key={order.key}").content.decode(),
        Client().get(f"/api/orders/{order.code}?key={order.key}").content.decode(),
        *(render_message(mail.kind, mail.ids).text for mail in Message.objects.filter(to=order.email)),
    ]
    assert not any(note in text for text in seen_by_the_buyer)
