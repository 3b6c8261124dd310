"""Answering a dispute: the facts, a draft, one final answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from maly.errors import Invalid
from ticketing.access import Gatekeeper
from ticketing.errors import (
    DisputeAnswered,
    DisputeAnswerRefused,
    DisputeDecided,
    DisputeTooLate,
    EvidenceTooLong,
)
from ticketing.models import Dispute, Order
from ticketing.selectors.disputes import get_dispute_detail, list_disputes
from ticketing.services import dispute_sweeps
from ticketing.services.check_ins import check_in
from ticketing.services.dispute_answers import accept_dispute, save_draft, submit_evidence
from ticketing.services.dispute_evidence import assemble_evidence
from ticketing.services.door_links import create_door_link
from ticketing.services.refunds import request_refund
from ticketing.tests.books import Books, read_books

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_stripe(sandbox: Any):
    """The dispute as Stripe has it."""

    def look(known: Dispute) -> dict[str, Any]:
        found: dict[str, Any] = sandbox.world.state.get("dispute", known.stripe_dispute_id)
        return found

    return look


@pytest.fixture
def policied(event, general):
    event.refund_policy = "No refunds within 7 days of the event."
    event.save()
    return general


# --- the facts


def test_the_facts_are_assembled_from_what_we_know(policied, sell, organizer, dispute, settle):
    order = sell((policied, 2))
    Client().get(f"/o/{order.code}/?key={order.key}")
    first, second = order.tickets.all()
    request_refund(order, actor=organizer, tickets=[first.code], reason="Ill")
    door, _token = create_door_link(order.event, actor=organizer, name="East gate")
    check_in(order.event, keeper=Gatekeeper(door=door), text=second.code)
    order.event.refund_policy = "All refunds, always."
    order.event.save()
    known = dispute(order)
    facts = assemble_evidence(known)
    assert (facts["customer_name"], facts["customer_email_address"]) == ("Ada Obi", "ada@example.com")
    assert "2 × General admission" in facts["product_description"]
    assert "Night Market" in facts["product_description"]
    assert facts["service_date"].startswith("20")
    assert "No refunds within 7 days of the event." in facts["refund_policy_disclosure"]
    log = facts["access_activity_log"]
    assert "sent by email to ada@example.com" in log
    assert "opened by the private link" in log
    entered = f"Ticket {second.code} (General admission) was checked in at the event, at the door “East gate”"
    assert f"{second.check_ins.get().scanned_at:%Y-%m-%d %H:%M} UTC: {entered}." in log
    assert first.code not in log
    assert "$50.00 was refunded" in facts["uncategorized_text"]
    assert "customer_purchase_ip" not in facts


def test_what_we_do_not_know_is_left_out(general, sell, dispute):
    facts = assemble_evidence(dispute(sell((general, 1))))
    assert "refund_policy_disclosure" not in facts
    assert "private link" not in facts["access_activity_log"]


def test_tickets_are_seen_by_the_key_once_and_never_by_a_member(general, sell, organizer):
    order = sell((general, 1))
    member = Client()
    member.force_login(organizer)
    member.get(f"/o/{order.code}/")
    assert Order.objects.get().tickets_seen_at is None
    Client().get(f"/o/{order.code}/?key={order.key}")
    first = Order.objects.get().tickets_seen_at
    assert first is not None
    Client().get(f"/o/{order.code}/?key={order.key}")
    assert Order.objects.get().tickets_seen_at == first


# --- the draft


def test_a_draft_is_kept_and_staged_and_no_bank_sees_it(general, sell, dispute, staff, at_stripe):
    known = dispute(sell((general, 1)))
    save_draft(known, actor=staff, evidence={"customer_name": "Ada", "uncategorized_text": " Look: "})
    known = save_draft(known, actor=staff, evidence={"customer_name": "Ada Obi", "uncategorized_text": " "})
    assert known.evidence == {"customer_name": "Ada Obi", "uncategorized_text": ""}
    stripes = at_stripe(known)
    assert stripes["evidence"]["customer_name"] == "Ada Obi"
    # What was staged can't be taken away again.
    assert stripes["evidence"]["uncategorized_text"] == "–"
    assert (stripes["status"], stripes["evidence_details"]["submission_count"]) == ("needs_response", 0)
    assert AuditEntry.objects.filter(action="dispute.draft_saved", actor=staff).count() == 2


def test_a_draft_that_stripe_would_not_take_is_refused(general, sell, dispute, staff):
    known = dispute(sell((general, 1)))
    for error, texts in (
        (Invalid, {"receipt": "file_1"}),
        (EvidenceTooLong, {"uncategorized_text": "x" * 20_001}),
    ):
        with pytest.raises(error):
            save_draft(known, actor=staff, evidence=texts)
    known.refresh_from_db()
    assert known.evidence == {}


# --- the answer


def test_evidence_is_sent_once(general, sell, dispute, staff, at_stripe, settle):
    known = dispute(sell((general, 1)))
    save_draft(known, actor=staff, evidence={"customer_name": "Ada", "uncategorized_text": "She was there."})
    sent = submit_evidence(known, actor=staff)
    assert (sent.status, sent.answer, sent.answered_by) == ("under_review", "evidence", staff)
    assert sent.answered_at is not None
    assert at_stripe(known)["evidence"]["uncategorized_text"] == "She was there."
    for again in (submit_evidence, accept_dispute):
        with pytest.raises(DisputeAnswered):
            again(known, actor=staff)
    with pytest.raises(DisputeAnswered):
        save_draft(known, actor=staff, evidence={"customer_name": "Eve"})
    assert at_stripe(known)["evidence_details"]["submission_count"] == 1
    assert AuditEntry.objects.filter(action="dispute.evidence").count() == 1


def test_without_a_draft_the_facts_are_sent(general, sell, dispute, staff, at_stripe):
    known = submit_evidence(dispute(sell((general, 1))), actor=staff)
    assert at_stripe(known)["evidence"]["customer_email_address"] == "ada@example.com"
    assert known.evidence["customer_name"] == "Ada Obi"


def test_winning_evidence_wins(general, sell, dispute, staff, settle):
    order = sell((general, 1))
    known = dispute(order)
    save_draft(known, actor=staff, evidence={"uncategorized_text": "winning_evidence"})
    submit_evidence(known, actor=staff)
    settle()
    known.refresh_from_db()
    order.refresh_from_db()
    assert (known.status, order.status) == ("won", "paid")


def test_an_accepted_dispute_is_lost_at_once(general, sell, dispute, staff):
    order = sell((general, 1))
    known = accept_dispute(dispute(order), actor=staff)
    order.refresh_from_db()
    assert (known.status, known.answer, order.tickets.get().status) == ("lost", "accepted", "cancelled")
    assert get_dispute_detail(known).status == "Accepted"
    assert read_books(order) == Books(0, -1675)
    with pytest.raises(DisputeAnswered):
        submit_evidence(known, actor=staff)


def test_what_is_decided_or_late_takes_no_answer(general, sell, dispute, decide, staff):
    late = dispute(sell((general, 1)))
    Dispute.objects.update(due_by=timezone.now() - timedelta(minutes=1))
    with pytest.raises(DisputeTooLate):
        submit_evidence(late, actor=staff)
    lost = decide(late, "lost")
    with pytest.raises(DisputeDecided):
        submit_evidence(lost, actor=staff)
    with pytest.raises(DisputeDecided):
        save_draft(lost, actor=staff, evidence={"customer_name": "Ada"})


def test_what_stripe_refuses_is_no_answer(general, sell, dispute, staff, sandbox):
    known = dispute(sell((general, 1)))
    sandbox.transport = lambda *_: 200
    sandbox.control("POST", f"/_sandbox/disputes/{known.stripe_dispute_id}", {"outcome": "lost"})
    with pytest.raises(DisputeAnswerRefused, match="already closed"):
        submit_evidence(known, actor=staff)
    known.refresh_from_db()
    assert (known.answer, known.answer_key, known.needs_staff) == ("", None, True)


@pytest.mark.parametrize("effect", ["error_500", "timeout_after_success"])
def test_an_answer_that_stripe_has_not_confirmed_is_given_again(
    effect, general, sell, dispute, staff, sandbox, at_stripe
):
    known = dispute(sell((general, 1)))
    path = f"/v1/disputes/{known.stripe_dispute_id}"
    fault = {"method": "POST", "path": path, "effect": effect, "times": 1}
    sandbox.control("POST", "/_sandbox/faults", fault)
    known = submit_evidence(known, actor=staff)
    assert (known.answer, known.answered_at) == ("evidence", None)
    with pytest.raises(DisputeAnswered):
        save_draft(known, actor=staff, evidence={"customer_name": "Eve"})
    if effect == "error_500":  # Stripe repeats it for the key: a day later it is asked what is so
        Dispute.objects.update(answer_asked_at=timezone.now() - timedelta(hours=25))
    assert dispute_sweeps.resolve_dispute_answers(now=timezone.now() + timedelta(minutes=1)) == 1
    known.refresh_from_db()
    assert (known.status, known.answered_at is not None) == ("under_review", True)
    assert at_stripe(known)["evidence_details"]["submission_count"] == 1


# --- who sees it


def test_the_queue_is_by_deadline_in_one_statement(
    general, sell, dispute, decide, organization, django_assert_num_queries
):
    first = dispute(sell((general, 1)))
    second = dispute(sell((general, 1), email="two@example.com"))
    Dispute.objects.filter(pk=second.pk).update(due_by=timezone.now() + timedelta(days=1))
    with django_assert_num_queries(1):
        rows = list(list_disputes(organization=organization, only_open=True))
        assert [row.pk for row in rows] == [second.pk, first.pk]
        assert rows[0].order.event.title == "Night Market"
    decide(first, "lost")
    assert [row.pk for row in list_disputes(only_open=True)] == [second.pk]
    assert list(list_disputes(status="lost")) == [first]
    assert not list_disputes(needs_staff=True)


def test_members_see_that_a_ticket_is_disputed_and_buyers_do_not(general, sell, dispute, api, organizer):
    order = sell((general, 1))
    dispute(order)
    (ticket,) = api(organizer).get(f"/api/orders/{order.code}").json()["tickets"]
    assert ticket["is_disputed"] is True
    buyers = api().get(f"/api/orders/{order.code}?key={order.key}").json()
    assert "is_disputed" not in buyers["tickets"][0]
