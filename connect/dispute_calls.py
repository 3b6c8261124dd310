"""The gateway's calls about disputes: read, answered with evidence, accepted. Its rules are the gateway's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connect.gateway import call, call_list
from connect.stripe_objects import Dispute


def retrieve_dispute(dispute_id: str) -> Dispute:
    """The dispute as it is now, with what it has moved on our balance."""
    return Dispute.parse(
        call("retrieve_dispute", lambda client: client.v1.disputes.retrieve(dispute_id)),
    )


def list_disputes(*, created_after: datetime) -> list[Dispute]:
    """The platform's disputes since a moment, newest first."""
    wanted = {"created": {"gte": int(created_after.timestamp())}, "limit": 100}
    rows = call_list("list_disputes", lambda client: client.v1.disputes.list(wanted))
    return [Dispute.parse(row) for row in rows]


def stage_evidence(dispute_id: str, evidence: Mapping[str, str]) -> Dispute:
    """Put evidence on a dispute without submitting it; the same again changes nothing, so there is no key.

    What was staged can be written anew, but not taken away: Stripe refuses an empty text.
    """
    parameters: dict[str, Any] = {"evidence": dict(evidence), "submit": False}
    return Dispute.parse(
        call("stage_evidence", lambda client: client.v1.disputes.update(dispute_id, parameters))
    )


def submit_evidence(dispute_id: str, evidence: Mapping[str, str], *, idempotency_key: str) -> Dispute:
    """Send evidence to the bank, once and for all (docs.stripe.com/api/disputes/update)."""
    parameters: dict[str, Any] = {"evidence": dict(evidence), "submit": True}
    options = {"idempotency_key": idempotency_key}
    return Dispute.parse(
        call("submit_evidence", lambda client: client.v1.disputes.update(dispute_id, parameters, options))
    )


def close_dispute(dispute_id: str, *, idempotency_key: str) -> Dispute:
    """Accept a dispute as lost, which can't be undone (docs.stripe.com/api/disputes/close)."""
    options = {"idempotency_key": idempotency_key}
    return Dispute.parse(
        call("close_dispute", lambda client: client.v1.disputes.close(dispute_id, options=options))
    )
