"""Disputes: opened, answered, submitted, accepted, decided, and lost by silence."""

from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.tests.books import assert_books_balance
from sandbox.tests.conftest import PLATFORM_URL, Buy, Inbox, pay
from sandbox.tests.test_refunds import balance


@pytest.fixture
def dispute(sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy) -> stripe.Dispute:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    sandbox.pump()
    charge = client.v1.payment_intents.retrieve(intent).latest_charge
    status, made = sandbox.control(
        "POST", f"/_sandbox/charges/{charge}/dispute", {"reason": "product_not_received"}
    )
    assert (status, made["object"], made["status"]) == (200, "dispute", "needs_response")
    return client.v1.disputes.retrieve(made["id"], {"expand": ["charge"]})


def dispute_events(inbox: Inbox) -> list[str]:
    return [one for one in inbox.types(PLATFORM_URL) if one.startswith("charge.dispute.")]


def test_a_dispute_takes_amount_and_fee_from_the_platform(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    dispute: stripe.Dispute,
    account: stripe.Account,
    inbox: Inbox,
) -> None:
    assert (dispute.amount, dispute.reason, dispute.charge.disputed) == (5000, "product_not_received", True)
    entry = dispute.balance_transactions[0]
    assert (entry.type, entry.reporting_category, entry.fee, entry.net) == (
        "adjustment",
        "dispute",
        1500,
        -6500,
    )
    assert (balance(client), balance(client, account.id)) == (-25 - 6500, 4850)
    sandbox.pump()
    assert dispute_events(inbox) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert client.v1.disputes.list({"charge": dispute.charge.id}).data[0].id == dispute.id
    path = f"/_sandbox/charges/{dispute.charge.id}/dispute"
    assert sandbox.control("POST", path, {})[0] == 400
    assert sandbox.control("POST", path, {"reason": "regret"})[0] == 400
    assert_books_balance(sandbox)


def test_evidence_is_staged_then_submitted_once(
    sandbox: Sandbox, client: stripe.StripeClient, dispute: stripe.Dispute, inbox: Inbox
) -> None:
    long = "Checked in at 19:42. " * 500
    staged = client.v1.disputes.update(
        dispute.id,
        {
            "evidence": {"access_activity_log": long, "customer_name": "Ada"},
            "submit": False,
            "metadata": {"a": "1"},
        },
    )
    assert (staged.status, staged.evidence_details.has_evidence) == ("needs_response", True)
    assert (staged.evidence_details.submission_count, staged.metadata["a"]) == (0, "1")
    sent = client.v1.disputes.update(
        dispute.id, {"evidence": {"customer_name": "Ada Lovelace"}, "submit": True}
    )
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    assert (sent.evidence.access_activity_log, sent.evidence.customer_name) == (long, "Ada Lovelace")
    for again in ({"submit": True}, {"evidence": {"customer_name": "Eve"}, "submit": False}):
        with pytest.raises(stripe.InvalidRequestError, match="under review"):
            client.v1.disputes.update(dispute.id, again)  # type: ignore[arg-type]
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 30 * 86_400})
    assert client.v1.disputes.retrieve(dispute.id).status == "under_review"
    sandbox.pump()
    assert dispute_events(inbox).count("charge.dispute.updated") == 3


@pytest.mark.parametrize(
    "evidence", [{"receipt": "file_1"}, {"uncategorized_text": "x" * 20_001}, {"surprise": "x"}]
)
def test_wrong_evidence_is_refused(
    client: stripe.StripeClient, dispute: stripe.Dispute, evidence: dict[str, Any]
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.disputes.update(dispute.id, {"evidence": evidence})  # type: ignore[typeddict-item]
    assert client.v1.disputes.retrieve(dispute.id).status == "needs_response"


def test_a_won_dispute_gives_the_amount_back_but_not_the_fee(
    sandbox: Sandbox, client: stripe.StripeClient, dispute: stripe.Dispute, inbox: Inbox
) -> None:
    status, answer = sandbox.control("POST", f"/_sandbox/disputes/{dispute.id}", {"outcome": "won"})
    assert (status, answer["status"]) == (200, "won")
    back = client.v1.disputes.retrieve(dispute.id).balance_transactions[1]
    assert (back.reporting_category, back.net, back.source) == ("dispute_reversal", 5000, dispute.id)
    assert balance(client) == -25 - 1500
    sandbox.pump()
    assert dispute_events(inbox)[2:] == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]
    assert sandbox.control("POST", f"/_sandbox/disputes/{dispute.id}", {"outcome": "lost"})[0] == 400
    assert_books_balance(sandbox)
    assert client.v1.refunds.create({"charge": dispute.charge.id}).status == "succeeded"
    assert_books_balance(sandbox)


@pytest.mark.parametrize(("text", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_test_evidence_decides_by_itself(
    sandbox: Sandbox, client: stripe.StripeClient, dispute: stripe.Dispute, text: str, status: str
) -> None:
    client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": text}})
    sandbox.pump()
    assert client.v1.disputes.retrieve(dispute.id).status == status
    assert_books_balance(sandbox)


def test_an_accepted_dispute_is_lost(
    sandbox: Sandbox, client: stripe.StripeClient, dispute: stripe.Dispute, inbox: Inbox
) -> None:
    assert client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.close(dispute.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": dispute.charge.id})
    assert caught.value.code == "charge_disputed"
    sandbox.pump()
    assert dispute_events(inbox)[2:] == ["charge.dispute.closed"]


def test_an_unanswered_dispute_is_lost_when_it_is_due(
    sandbox: Sandbox, client: stripe.StripeClient, dispute: stripe.Dispute
) -> None:
    assert 6 * 86_400 < dispute.evidence_details.due_by - dispute.created <= 7 * 86_400
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 7 * 86_400})
    lost = client.v1.disputes.retrieve(dispute.id)
    assert (lost.status, lost.evidence_details.past_due) == ("lost", True)


def test_a_partly_refunded_charge_is_disputed_for_the_rest(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    client.v1.refunds.create({"payment_intent": intent, "amount": 2000, "reverse_transfer": True})
    path = f"/_sandbox/charges/{intent}/dispute"
    assert sandbox.control("POST", path, {"amount": 3001})[0] == 400
    assert sandbox.control("POST", path, {})[1]["amount"] == 3000
    assert_books_balance(sandbox)


def test_an_inquiry_takes_nothing_until_it_is_escalated(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, inbox: Inbox
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    sandbox.pump()
    path = f"/_sandbox/charges/{intent}/dispute"
    made = sandbox.control("POST", path, {"inquiry": True})[1]
    asked = client.v1.disputes.retrieve(made["id"])
    assert (asked.status, asked.balance_transactions, asked.is_charge_refundable) == (
        "warning_needs_response",
        [],
        True,
    )
    assert balance(client) == -25
    assert client.v1.refunds.create({"payment_intent": intent, "amount": 500}).status == "succeeded"
    for outcome in ("won", "lost"):
        assert sandbox.control("POST", f"/_sandbox/disputes/{made['id']}", {"outcome": outcome})[0] == 400
    answered = client.v1.disputes.update(made["id"], {"evidence": {"customer_name": "Ada"}})
    assert answered.status == "warning_under_review"
    sandbox.control("POST", f"/_sandbox/disputes/{made['id']}", {"outcome": "escalated"})
    claimed = client.v1.disputes.retrieve(made["id"])
    assert (claimed.status, claimed.evidence_details.submission_count) == ("needs_response", 0)
    assert (claimed.amount, claimed.balance_transactions[0].net) == (4500, -6000)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent})
    sandbox.pump()
    assert dispute_events(inbox) == [
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
    ]
    assert_books_balance(sandbox)


def test_an_inquiry_may_come_to_nothing(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    made = sandbox.control("POST", f"/_sandbox/charges/{intent}/dispute", {"inquiry": True})[1]
    status, closed = sandbox.control(
        "POST", f"/_sandbox/disputes/{made['id']}", {"outcome": "warning_closed"}
    )
    assert (status, closed["status"]) == (200, "warning_closed")
    assert sandbox.control("POST", f"/_sandbox/disputes/{made['id']}", {"outcome": "escalated"})[0] == 400
    assert_books_balance(sandbox)
