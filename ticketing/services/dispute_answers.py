"""Answering a dispute: a draft of evidence that may change, then one final answer, evidence or that we accept.

The answer is written down with its key first, then given to Stripe, again under the same key while none comes back.
"""

import logging
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from connect import dispute_calls
from connect.errors import GatewayRefused, GatewayUnavailable
from connect.gateway import answering_people
from connect.refund_calls import KEY_IS_KNOWN_FOR
from connect.stripe_objects import Dispute as StripeDispute
from maly.crash import crash_point
from maly.errors import Invalid
from ticketing.errors import (
    DisputeAnswered,
    DisputeAnswerRefused,
    DisputeDecided,
    DisputeTooLate,
    DraftChanged,
    EvidenceTooLong,
)
from ticketing.models import Dispute
from ticketing.services.dispute_evidence import FIELDS, LONGEST_TEXT, LONGEST_TOGETHER, assemble_evidence
from ticketing.services.disputes import apply_dispute
from ticketing.services.orders import lock_payment
from ticketing.services.sessions import lease_time
from ticketing.services.versions import version_of_texts

logger = logging.getLogger(__name__)
OPEN = (
    Dispute.Status.NEEDS_RESPONSE,
    Dispute.Status.WARNING_NEEDS_RESPONSE,
)
DELETED = "–"
READ = (Dispute.Status.UNDER_REVIEW, Dispute.Status.WARNING_UNDER_REVIEW)


def save_draft(
    dispute: Dispute, *, actor: User, evidence: Mapping[str, str], version: str | None = None
) -> Dispute:
    """Keep a draft of the evidence, here and staged at Stripe; nothing reaches the bank.

    With a `version` (version_of_texts) only in the place of the draft that the page showed. Raises DraftChanged,
    Invalid for a text that Stripe doesn't know, EvidenceTooLong, DisputeDecided, DisputeAnswered, DisputeTooLate, and
    StripeUnavailable: then it is kept here alone.
    """
    texts = _check(evidence)
    with transaction.atomic():
        dispute = lock_open_dispute(dispute)
        # The same form sent twice says the same: nobody's draft is lost by it.
        if version not in (None, version_of_texts(dispute.evidence)) and _is_another(dispute.evidence, texts):
            raise DraftChanged
        dispute.evidence = dict.fromkeys(dispute.evidence, "") | texts
        dispute.save(update_fields=["evidence"])
        _log(dispute, "dispute.draft_saved", actor)
    with answering_people():
        dispute_calls.stage_evidence(dispute.stripe_dispute_id, _for_stripe(dispute.evidence))
    return dispute


def submit_evidence(dispute: Dispute, *, actor: User, version: str | None = None) -> Dispute:
    """Send the draft, or without one what our facts make, to the bank: once, and it can't be changed afterwards.

    With a `version` (version_of_texts) only what whoever sends it has read. An outcome that isn't known yet leaves the
    answer asked: a sweep goes on with it. Raises DraftChanged, DisputeDecided, DisputeAnswered, DisputeTooLate,
    DisputeAnswerRefused.
    """
    assembled = assemble_evidence(dispute)
    return _answer(dispute, Dispute.Answer.EVIDENCE, actor, assembled, version)


def accept_dispute(dispute: Dispute, *, actor: User) -> Dispute:
    """Accept that a dispute is lost, which can't be undone. Raises as `submit_evidence` does."""
    return _answer(dispute, Dispute.Answer.ACCEPTED, actor, {})


def carry_out_answer(dispute_id: int) -> bool:
    """Give a written answer to Stripe under its key and converge to what it says; True when Stripe has it.

    Safe to call twice. What Stripe refuses for good is no answer any more. Raises GatewayUnavailable.
    """
    dispute = _claim(dispute_id)
    if dispute is None:
        return Dispute.objects.get(pk=dispute_id).answered_at is not None
    crash_point("answer.requested")
    try:
        answer = _ask(dispute)
    except GatewayRefused as error:
        _take_back(dispute, error)
        return False
    except GatewayUnavailable:
        Dispute.objects.filter(pk=dispute_id).update(lease_until=None)
        raise
    crash_point("answer.given")
    apply_dispute(answer)
    crash_point("answer.recorded")
    return True


def _answer(
    dispute: Dispute, kind: str, actor: User, assembled: Mapping[str, str], version: str | None = None
) -> Dispute:
    with transaction.atomic():
        dispute = lock_open_dispute(dispute)
        dispute.evidence = dispute.evidence or dict(assembled)
        if version is not None and version != version_of_texts(dispute.evidence):
            raise DraftChanged
        dispute.answer, dispute.answer_key = kind, f"dispute-{uuid.uuid4()}"
        dispute.answer_asked_at, dispute.answered_by = timezone.now(), actor
        dispute.save(update_fields=["evidence", "answer", "answer_key", "answer_asked_at", "answered_by"])
        _log(dispute, f"dispute.{kind}", actor)
    try:
        carry_out_answer(dispute.pk)
    except GatewayUnavailable:
        logger.warning("dispute_answer_unknown dispute=%s", dispute)
    dispute.refresh_from_db()
    if not dispute.answer:
        raise DisputeAnswerRefused(
            _("%(staff_reason)s Nothing was sent to the bank.") % {"staff_reason": dispute.staff_reason}
        )
    return dispute


def lock_open_dispute(dispute: Dispute) -> Dispute:
    """The dispute, locked after its order, if it can still be answered.

    Raises DisputeAnswered, DisputeDecided, DisputeTooLate.
    """
    lock_payment(dispute.payment_id, dispute.order_id)
    dispute = (
        Dispute.objects.select_for_update(of=("self",))
        .select_related("order__organization")
        .get(pk=dispute.pk)
    )
    if dispute.answer or dispute.status in READ:
        raise DisputeAnswered
    if dispute.status not in OPEN:
        raise DisputeDecided
    if dispute.is_over:
        raise DisputeTooLate
    return dispute


def _check(evidence: Mapping[str, str]) -> dict[str, str]:
    unknown = [name for name in evidence if name not in FIELDS]
    if unknown:
        raise Invalid(_("This isn't one of the texts that a bank reads."), attr=unknown[0])
    texts = {name: text.strip() for name, text in evidence.items() if text.strip()}
    if sum(map(len, texts.values())) > LONGEST_TOGETHER or any(
        len(text) > LONGEST_TEXT for text in texts.values()
    ):
        raise EvidenceTooLong
    return texts


def _is_another(saved: Mapping[str, str], texts: Mapping[str, str]) -> bool:
    return version_of_texts(saved) != version_of_texts(texts)


def _for_stripe(evidence: Mapping[str, str]) -> dict[str, str]:
    """Stripe can't take back a text that was staged: one that was deleted since becomes a dash."""
    return {name: text or DELETED for name, text in evidence.items()}


def _claim(dispute_id: int) -> Dispute | None:
    """Take the lease on an answer that Stripe hasn't confirmed; None while somebody else has it, or when it has."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    mine = Dispute.objects.filter(free, pk=dispute_id, answered_at=None).exclude(answer="")
    if not mine.update(lease_until=now + lease_time()):
        return None
    return Dispute.objects.get(pk=dispute_id)


def _ask(dispute: Dispute) -> StripeDispute:
    """Make the call of an answer; one whose key Stripe may have forgotten is looked up first."""
    assert dispute.answer_key is not None, dispute
    assert dispute.answer_asked_at is not None, dispute
    identifier, key = dispute.stripe_dispute_id, dispute.answer_key
    if dispute.answer_asked_at < timezone.now() - KEY_IS_KNOWN_FOR:
        known = dispute_calls.retrieve_dispute(identifier)
        if known.submission_count or known.status not in OPEN:
            return known
    if dispute.answer == Dispute.Answer.ACCEPTED:
        return dispute_calls.close_dispute(identifier, idempotency_key=key)
    return dispute_calls.submit_evidence(identifier, _for_stripe(dispute.evidence), idempotency_key=key)


def _take_back(dispute: Dispute, error: GatewayRefused) -> None:
    """Stripe refused: nothing reached the bank, and there is no answer. What has become of the dispute is asked."""
    with transaction.atomic():
        lock_payment(dispute.payment_id, dispute.order_id)
        locked = Dispute.objects.select_for_update().get(pk=dispute.pk)
        if locked.answer_key != dispute.answer_key or locked.answered_at:
            return
        locked.answer, locked.answer_key, locked.lease_until = "", None, None
        locked.answer_asked_at = locked.answered_by = None
        locked.needs_staff, locked.staff_reason = True, f"Stripe refused the answer: {error.message}"
        locked.save()
    logger.error("dispute_answer_refused dispute=%s code=%s", dispute, error.code)


def _log(dispute: Dispute, action: str, actor: User) -> None:
    audit.record(
        action,
        organization=dispute.order.organization,
        subject=f"order:{dispute.order.code}",
        actor=actor,
        actor_kind="staff",
        after={"dispute": dispute.stripe_dispute_id, "texts": sorted(dispute.evidence)},
    )
