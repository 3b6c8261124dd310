"""The organizer's dispute pages: what they say at each step of a dispute, what it costs, and what may be added."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Organization, User
from notifications.models import Message
from notifications.registry import render_message
from ticketing.models import Dispute, Order, OrganizerTransfer, TicketType
from ticketing.selectors import dispute_pages
from ticketing.services.dispute_answers import submit_evidence
from ticketing.services.dispute_evidence import assemble_evidence
from ticketing.services.dispute_statements import LONGEST_STATEMENT
from ticketing.services.transfers import carry_out_transfer
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db
LIST = "/dashboard/disputes/"
Sell = Callable[..., Order]


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def path_of(dispute: Dispute) -> str:
    return f"{LIST}{dispute.stripe_dispute_id}/"


def test_the_first_visit_says_what_a_dispute_is(organization: Organization, manager: User) -> None:
    client = client_of(manager)
    page = words_of(client.get(LIST))
    assert "No disputes" in page
    assert "A dispute is when a buyer asks their bank" in page
    assert "Disputes" not in client.get("/dashboard/events/").content.decode()


def test_the_pages_follow_a_dispute_from_its_opening_to_its_end(
    general: TicketType,
    sell: Sell,
    dispute: Callable[..., Dispute],
    decide: Callable[..., Dispute],
    buy: Callable[..., Any],
    pay: Callable[..., Any],
    settle: Callable[[], None],
    organizer: User,
    staff: User,
) -> None:
    client = client_of(organizer)
    assert "Disputes" not in words_of(client.get("/dashboard/orders/"))
    opened = dispute(sell((general, 1)), reason="product_not_received")
    assert "Disputes" in words_of(client.get("/dashboard/orders/"))
    assert "Disputes" in words_of(client.get("/dashboard/events/"))  # and from then on everywhere
    page = words_of(client.get(path_of(opened)))
    for words in (
        "Dispute of $50.00 Reply needed",
        "The buyer says that they didn&#x27;t get what they paid for.",
        "your share, $45.50, is taken from your Stripe balance",
        "Taken from you −$45.50",
        "Cost you so far $45.50",
        "Back to you if we win $45.50",
        "Stripe charges $15.00 for a dispute, won or lost. Maly pays it, not you.",
        "Maly bears $4.50 of it: its own fee of the sale.",
        "What we know for the bank",
        "Tickets for an event: 1 × General admission for “Night Market”",
        "Taken from your Stripe balance −$45.50",
    ):
        assert words in page, words
    told = Message.objects.get(kind="dispute_opened", ids__for="organizer")
    assert path_of(opened) in render_message(told.kind, told.ids).text
    listed = words_of(client.get(LIST))
    assert "Open 1" in listed
    assert "Closed 0" in listed
    assert "Ada Obi" in listed
    submit_evidence(opened, actor=staff)
    sent = words_of(client.get(path_of(opened)))
    assert "What the bank was told" in sent
    assert "Maly sent evidence to the bank" in sent
    assert "Save what you know" not in sent
    decide(opened, "won")
    waits = words_of(client.get(path_of(opened)))  # for our own balance, which is too short
    assert "Dispute won" in waits
    assert "On its way back to you $45.50" in waits
    dear = TicketTypeFactory(event=general.event, name="Dear", price_amount=200_000)
    pay(buy((dear, 1)).payment.session_id, card="4000000000000077")
    settle()
    OrganizerTransfer.objects.update(lease_until=None)
    carry_out_transfer(opened.organizer_transfers.get().pk)
    settle()
    won = words_of(client.get(path_of(opened)))
    for words in ("Given back to your Stripe balance $45.50", "Cost you $0.00"):
        assert words in won, words
    assert "On its way back to you" not in won
    assert "No dispute is open." in words_of(client.get(LIST))
    assert "$0.00" in words_of(client.get(f"{LIST}?tab=closed"))


def test_a_lost_dispute_says_what_it_cost_and_what_is_still_owed(
    general: TicketType,
    sell: Sell,
    dispute: Callable[..., Dispute],
    decide: Callable[..., Dispute],
    manager: User,
    sandbox: Any,
    settle: Callable[[], None],
) -> None:
    order = sell((general, 1))
    assert order.connected_account
    account = order.connected_account.stripe_account_id
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 7 * 86400})
    settle()
    sandbox.control("POST", "/_sandbox/payouts", {"account": account, "outcome": "paid"})
    settle()
    opened = dispute(order)
    page = words_of(client_of(manager).get(path_of(opened)))
    assert "Your balance couldn’t bear all of it: $45.50 is taken as your next sales arrive." in page
    decide(opened, "lost")
    page = words_of(client_of(manager).get(path_of(opened)))
    assert "The bank gave the money to the buyer." in page
    assert "Still to be taken $45.50" in page
    assert "Back to you if we win" not in page


def test_an_organizers_words_reach_staff_and_the_bank_until_it_is_too_late(
    general: TicketType, sell: Sell, dispute: Callable[..., Dispute], organizer: User, staff: User
) -> None:
    client, opened = client_of(organizer), dispute(sell((general, 1)))
    for wrong, words in (
        ("  ", "Write what you know"),
        ("x" * (LONGEST_STATEMENT + 1), "at most 5000 characters"),
    ):
        page = words_of(client.post(path_of(opened), {"statement": wrong}))
        assert "There is a problem" in page
        assert words in page
    said = "She wrote on 3 December: <b>great show</b>."
    assert "Saved." in words_of(client.post(path_of(opened), {"statement": said}, follow=True))
    opened.refresh_from_db()
    assert (opened.statement, opened.statement_by) == (said, organizer)
    assert f"Harbour Arts, the organizer, says:\n\n{said}" in assemble_evidence(opened)["uncategorized_text"]
    for_staff = client_of(staff).get(f"/admin/disputes/{opened.stripe_dispute_id}/").content.decode()
    assert "great show" in for_staff
    assert "<b>great" not in for_staff
    submit_evidence(opened, actor=staff)
    assert said in Dispute.objects.get().evidence["uncategorized_text"]
    late = words_of(client.post(path_of(opened), {"statement": "One more thing"}))
    assert "This dispute is answered already" in late
    assert Dispute.objects.get().statement == said
    assert "What your team said" in late


def test_who_sees_and_who_says(
    general: TicketType,
    sell: Sell,
    dispute: Callable[..., Dispute],
    manager: User,
    scanner: User,
    stranger: User,
) -> None:
    opened = dispute(sell((general, 1)))
    for user, status in ((manager, 200), (scanner, 403), (stranger, 404)):
        assert client_of(user).get(path_of(opened)).status_code == status
    page = words_of(client_of(manager).get(path_of(opened)))
    assert "tell an owner or admin of your team" in page
    assert client_of(manager).post(path_of(opened), {"statement": "Mine"}).status_code == 403
    for missing in ("dp_missing", "nonsense", "dp_%00"):
        assert client_of(manager).get(f"{LIST}{missing}/").status_code == 404
    assert client_of(scanner).get(LIST).status_code == 403
    assert not Dispute.objects.get().statement


@pytest.mark.broken_books("disputes by hand, which moved nothing")
def test_the_list_pages_by_key_and_costs_the_same_however_many(
    general: TicketType,
    sell: Sell,
    manager: User,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    monkeypatch.setattr(dispute_pages, "PAGE_SIZE", 2)
    order = sell((general, 1))
    client = client_of(manager)

    def make(number: int) -> None:
        Dispute.objects.create(
            order=order,
            payment=order.payments.get(),
            organization=order.organization,
            stripe_dispute_id=f"du_{number}",
            status="needs_response",
            currency="usd",
            amount=100,
            opened_at=now(),
        )

    make(1)
    client.get(LIST)  # the first one notes the session
    costs = []
    for number in (2, 3, 4, 5):
        with django_assert_max_num_queries(9) as seen:
            client.get(LIST)
        costs.append(len(seen))
        make(number)
    assert costs == [costs[0]] * 4

    def shown(query: str) -> list[str]:
        index = client.get(f"{LIST}?{query}").context["list"]
        return [row.dispute.stripe_dispute_id for row in index.rows]

    first = client.get(LIST).context["list"]
    assert shown("") == ["du_5", "du_4"]
    assert shown(first.older_query) == ["du_3", "du_2"]
    last = client.get(f"{LIST}?before=du_2").context["list"]
    assert [row.dispute.stripe_dispute_id for row in last.rows] == ["du_1"]
    assert shown(last.newer_query) == ["du_3", "du_2"]
    assert shown("tab=nonsense&before=%00") == []
    with django_assert_max_num_queries(18):
        client.get(f"{LIST}du_1/")
