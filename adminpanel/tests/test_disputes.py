"""Staff's disputes: the queue, the desk with its facts and its draft, and the three decisions that are made once."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import Organization, User
from accounts.tests.factories import PASSWORD
from maly.tests.house import House
from ticketing.access import Gatekeeper
from ticketing.models import Dispute, Event, TicketType
from ticketing.services.check_ins import check_in
from ticketing.services.dispute_answers import save_draft
from ticketing.services.dispute_statements import save_statement
from ticketing.services.door_links import create_door_link
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/disputes/"
REAUTHENTICATE = "/account/reauthenticate/"


@pytest.fixture
def house(
    connected_organization: Organization, organizer: User, sandbox: Any, settle: Callable[[], None]
) -> House:
    return House(connected_organization, organizer, sandbox, settle)


@pytest.fixture
def seat(house: House) -> TicketType:
    policy = "No refunds within 7 days of the event."
    event = EventFactory(organization=house.organization, title="Night Market", refund_policy=policy)
    found: TicketType = TicketTypeFactory(event=event)
    return found


@pytest.fixture
def opened(house: House, seat: TicketType) -> Dispute:
    return house.dispute(house.sell(seat, 2), reason="product_not_received")


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    client.get(LIST)  # the session is noted once
    return client


@pytest.fixture
def trusted(desk: Client) -> Client:
    """Who has just given the password again."""
    desk.post(REAUTHENTICATE, {"password": PASSWORD})
    return desk


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def path_of(dispute: Dispute, page: str = "") -> str:
    return f"{LIST}{dispute.stripe_dispute_id}/{page}"


def typed_in(answer: Any) -> dict[str, str]:
    """What stands in the desk's form."""
    form = answer.context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def submissions(house: House, dispute: Dispute) -> int:
    at_stripe = house.sandbox.world.state.get("dispute", dispute.stripe_dispute_id)
    assert at_stripe
    return int(at_stripe["evidence_details"]["submission_count"])


def test_the_desk_assembles_the_facts_by_itself(
    house: House, seat: TicketType, organizer: User, desk: Client
) -> None:
    order = house.sell(seat, 2)
    Client().get(f"/o/{order.code}/?key={order.key}")
    door, _token = create_door_link(order.event, actor=organizer, name="East gate")
    first, second = order.tickets.order_by("pk")
    check_in(order.event, keeper=Gatekeeper(door=door), text=first.code)
    known = house.dispute(order)
    with CaptureQueriesContext(connection) as seen:
        page = words_of(desk.get(path_of(known)))
    few = len(seen)
    for words in (
        "1 of 2 tickets were used",
        "door “East gate”",
        "The tickets were sent and opened",
        "No refunds within 7 days of the event.",
        "The event is still to come",
        "Disputed $100.00",
        "At stake $115.00",
        "The organizer’s share $91.30",
        "For our balance so far −$23.70",
        "6 days left",
        "What the bank will read",
    ):
        assert words in page, words
    check_in(order.event, keeper=Gatekeeper(door=door), text=second.code)
    save_statement(known, actor=organizer, text="She sent a photo of the stage.")
    again = house.sell(seat, 1)
    Event.objects.update(starts_at=now() - timedelta(days=2), ends_at=now() - timedelta(days=1))
    with CaptureQueriesContext(connection) as seen:
        page = words_of(desk.get(path_of(known)))
    assert (few, len(seen)) == (14, 15)  # of an event that is over, who came is counted
    assert "All 2 tickets were used" in page
    assert "2 of 3 tickets were checked in." in page
    assert page.count("She sent a photo of the stage.") == 2
    page = words_of(desk.get(path_of(house.dispute(again))))
    assert "No ticket was used" in page
    assert "1 earlier paid order from this address, 1 of them disputed" in page
    assert desk.get(f"{LIST}du_missing/").status_code == 404


def test_of_two_who_write_one_draft_the_second_is_told_and_nothing_is_lost(
    opened: Dispute, desk: Client, staff: User
) -> None:
    mine = typed_in(desk.get(path_of(opened)))
    assert mine["customer_name"] == "Ada Obi"
    save_draft(opened, actor=staff, evidence={"customer_name": "Ada Obi", "uncategorized_text": "Theirs."})
    mine |= {"do": "submit", "uncategorized_text": "Mine."}
    told = desk.post(path_of(opened), mine)
    page = words_of(told)
    for words in ("Somebody else has changed the draft", "What is saved now", "Theirs.", "Mine."):
        assert words in page, words
    opened.refresh_from_db()
    assert opened.evidence["uncategorized_text"] == "Theirs."
    mine = {**typed_in(told), "do": "draft"}
    for _twice in range(2):  # a double click, which nobody else has done
        again = desk.post(path_of(opened), mine, follow=True)
        assert "The draft is saved. The bank hasn’t seen it." in words_of(again)
    opened.refresh_from_db()
    assert opened.evidence["uncategorized_text"] == "Mine."
    # A text that Stripe wouldn't take is kept in the form, and the draft is as it was.
    long = typed_in(again) | {"do": "draft", "uncategorized_text": "y" * 20_001}
    assert "There is a problem" in words_of(desk.post(path_of(opened), long))
    opened.refresh_from_db()
    assert opened.evidence["uncategorized_text"] == "Mine."


def test_a_draft_that_stripe_has_not_heard_of_is_kept_and_goes_on(
    house: House, opened: Dispute, desk: Client
) -> None:
    typed = typed_in(desk.get(path_of(opened))) | {"do": "draft", "uncategorized_text": "Kept."}
    path = f"/v1/disputes/{opened.stripe_dispute_id}"
    house.control("faults", method="POST", path=path, effect="error_500", times=9)
    answer = desk.post(path_of(opened), typed)
    assert "There is a problem" in words_of(answer)
    house.sandbox.control("DELETE", "/_sandbox/faults")
    going_on = {**typed_in(answer), "do": "draft", "uncategorized_text": "Kept, and more."}
    assert desk.post(path_of(opened), going_on).status_code == 302
    opened.refresh_from_db()
    assert opened.evidence["uncategorized_text"] == "Kept, and more."


def test_evidence_is_sent_once_by_who_has_read_it_and_knows_that_it_is_final(
    house: House, opened: Dispute, desk: Client, staff: User
) -> None:
    typed = typed_in(desk.get(path_of(opened))) | {"do": "submit", "uncategorized_text": "winning_evidence"}
    saved = desk.post(path_of(opened), typed)
    assert saved["Location"] == path_of(opened, "send/")
    assert desk.get(saved["Location"])["Location"].startswith(REAUTHENTICATE)
    assert desk.post(saved["Location"], {"confirmed": "on"})["Location"].startswith(REAUTHENTICATE)
    desk.post(REAUTHENTICATE, {"password": PASSWORD})
    page = desk.get(path_of(opened, "send/"))
    assert "winning_evidence" in words_of(page)
    wish = {"version": page.context["version"]}
    assert "Nothing has happened yet" in words_of(desk.post(path_of(opened, "send/"), wish))
    save_draft(opened, actor=staff, evidence={"uncategorized_text": "Something else."})
    stale = desk.post(path_of(opened, "send/"), {**wish, "confirmed": "on"}, follow=True)
    assert "Somebody else has changed the draft" in words_of(stale)
    assert submissions(house, opened) == 0
    save_draft(opened, actor=staff, evidence={"uncategorized_text": "winning_evidence"})
    wish = {"version": desk.get(path_of(opened, "send/")).context["version"], "confirmed": "on"}
    assert "The evidence is with the bank." in words_of(
        desk.post(path_of(opened, "send/"), wish, follow=True)
    )
    assert submissions(house, opened) == 1
    assert "answered already" in words_of(desk.post(path_of(opened, "send/"), wish, follow=True))
    assert "takes no answer any more" in words_of(desk.get(path_of(opened, "accept/")))
    assert desk.post(path_of(opened), typed).status_code == 200
    house.settle()
    won = words_of(desk.get(path_of(opened)))
    for words in ("Won", "Given back by the bank $100.00", "What the bank was told", "winning_evidence"):
        assert words in won, words
    assert "Save draft" not in won


def test_an_answer_that_stripe_has_not_confirmed_is_said_to_wait(
    house: House, opened: Dispute, trusted: Client
) -> None:
    shown = trusted.get(path_of(opened, "send/")).context["version"]
    path = f"/v1/disputes/{opened.stripe_dispute_id}"
    house.control("faults", method="POST", path=path, effect="timeout_after_success", times=9)
    sent = trusted.post(path_of(opened, "send/"), {"version": shown, "confirmed": "on"}, follow=True)
    house.sandbox.control("DELETE", "/_sandbox/faults")
    page = words_of(sent)
    assert "Stripe hasn’t confirmed it yet." in page
    assert "Stripe hasn’t confirmed the answer yet." in page
    assert submissions(house, opened) == 1


def test_a_dispute_is_accepted_or_settled_on_a_page_of_its_own(
    house: House, opened: Dispute, trusted: Client
) -> None:
    Dispute.objects.update(needs_staff=True, staff_reason="Compare the balance transactions.")
    assert "Compare the balance transactions." in words_of(trusted.get(f"{LIST}?tab=staff"))
    assert "Compare the balance transactions." in words_of(trusted.get(path_of(opened, "settle/")))
    assert "Nothing has happened yet" in words_of(trusted.post(path_of(opened, "settle/"), {}))
    done = trusted.post(path_of(opened, "settle/"), {"confirmed": "on"}, follow=True)
    assert "This needs a decision" not in words_of(done)
    assert "needs nobody’s decision" in words_of(trusted.get(path_of(opened, "settle/")))
    page = words_of(trusted.get(path_of(opened, "accept/")))
    for words in ("keeps $100.00, for good", "bears its share, $91.30", "We bear the rest, $8.70", "$15.00"):
        assert words in page, words
    assert "Nothing has happened yet" in words_of(trusted.post(path_of(opened, "accept/"), {}))
    lost = trusted.post(path_of(opened, "accept/"), {"confirmed": "on"}, follow=True)
    assert "Accepted. The buyer keeps the money." in words_of(lost)
    opened.refresh_from_db()
    assert (opened.status, opened.answer) == ("lost", "accepted")
    assert "Accepted 1" in words_of(trusted.get(LIST))


def test_the_queue_is_by_deadline_in_as_many_queries_for_few_as_for_many(
    house: House, seat: TicketType, desk: Client, api: Callable[..., Client], staff: User
) -> None:
    assert "When a buyer’s bank takes a payment back" in words_of(desk.get(LIST))
    orders = [house.sell(seat, 1, email=f"buyer{number}@example.com") for number in range(4)]
    first, second, over, decided = (house.dispute(order) for order in orders)
    Dispute.objects.filter(pk=second.pk).update(due_by=now() + timedelta(days=1, hours=2))
    Dispute.objects.filter(pk=over.pk).update(due_by=now() - timedelta(hours=1))
    with CaptureQueriesContext(connection) as seen:
        page = desk.get(LIST)
    assert len(seen) == 5
    assert [row.dispute for row in page.context["list"].rows] == [second, first, decided]
    house.control(f"disputes/{decided.stripe_dispute_id}", outcome="lost")
    house.settle()
    page = desk.get(LIST)
    assert [row.dispute for row in page.context["list"].rows] == [second, first]
    for words in ("2 to answer: $100.00.", "Reply needed 2", "Under review 1", "Lost 1", "1 day left"):
        assert words in words_of(page), words
    assert desk.get(f"{LIST}?tab=review").context["list"].rows[0].dispute == over
    assert desk.get(f"{LIST}?tab=lost&page=9").context["list"].rows[0].dispute == decided
    assert desk.get(f"{LIST}?tab=unknown").context["list"].tab == "reply"
    with CaptureQueriesContext(connection) as seen:
        desk.get(f"{LIST}?tab=won")
    assert len(seen) == 5
    asked = api(staff).get("/api/admin/disputes?open=true").json()["results"]
    assert [row["id"] for row in asked] == [one.stripe_dispute_id for one in (over, second, first)]
    assert [row["can_answer"] for row in asked] == [False, True, True]
    (lost,) = api(staff).get("/api/admin/disputes?status=lost").json()["results"]
    assert (lost["amount"], lost["recovered_amount"], lost["answer"]) == (5000, 4550, None)
    assert api(staff).get("/api/admin/disputes?status=gone").status_code == 400
