"""Disputes as the API shows them: read, answered with evidence, accepted."""

from typing import Any

from sandbox.call import Call, route
from sandbox.errors import invalid, no_such
from sandbox.lists import page
from sandbox.metadata import merged_metadata
from sandbox.resources.dispute_states import FILES, add_evidence, decide_dispute
from sandbox.state import StripeObject

# The characters of all evidence together.
MOST_EVIDENCE = 150_000


@route("GET", "/v1/disputes")
def list_disputes(call: Call) -> StripeObject:
    """List disputes."""
    return page(call, "dispute", equal=("charge", "payment_intent"))


@route("GET", "/v1/disputes/{dispute}")
def retrieve_dispute(call: Call) -> StripeObject:
    """Retrieve a dispute."""
    return call.own("dispute", call.arguments["dispute"], param="dispute")


@route("POST", "/v1/disputes/{dispute}")
def update_dispute(call: Call) -> StripeObject:
    """Stage or submit evidence (submitting is what Stripe does unless told otherwise), and change metadata."""
    dispute, params = retrieve_dispute(call), call.params
    evidence = params.get("evidence", {})
    _check_evidence(dispute, evidence)
    metadata = merged_metadata(dispute["metadata"], params.get("metadata", {}))
    submit = params.get("submit", bool(evidence))
    if evidence or submit:
        add_evidence(call.world, dispute, evidence, submit=submit)
    if metadata != dispute["metadata"]:
        before = {"metadata": dispute["metadata"]}
        dispute["metadata"] = metadata
        call.world.emit("charge.dispute.updated", call.state.save(dispute), previous=before)
    return dispute


def _check_evidence(dispute: StripeObject, evidence: dict[str, Any]) -> None:
    """Refuse files, which can't be uploaded here, and too much text; raises `StripeError`."""
    for name in FILES:
        if name in evidence:
            raise no_such("file upload", evidence[name], param=f"evidence[{name}]", status=400)
    together = dispute["evidence"] | evidence
    if sum(len(text) for text in together.values() if isinstance(text, str)) > MOST_EVIDENCE:
        raise invalid(
            f"The combined character count of all evidence is limited to {MOST_EVIDENCE:,}.", param="evidence"
        )


@route("POST", "/v1/disputes/{dispute}/close")
def close_dispute(call: Call) -> StripeObject:
    """Accept a dispute: it is lost."""
    dispute = retrieve_dispute(call)
    decide_dispute(call.world, dispute, "lost")
    return dispute
