"""What an organizer knows of a disputed order: staff read it, and it stands in the evidence that the bank gets."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from maly.errors import Invalid
from ticketing.models import Dispute
from ticketing.services.dispute_answers import lock_open_dispute

LONGEST_STATEMENT = 5000


def save_statement(dispute: Dispute, *, actor: User, text: str) -> Dispute:
    """Keep the organizer's words, in the place of earlier ones; the same again changes nothing.

    Raises Invalid, and when it is too late for the bank to read it DisputeDecided, DisputeAnswered, DisputeTooLate.
    """
    text = text.replace("\x00", "").strip()
    if not text or len(text) > LONGEST_STATEMENT:
        raise Invalid(
            _("Write at most %(most)s characters.") % {"most": f"{LONGEST_STATEMENT:,}"}, attr="statement"
        )
    with transaction.atomic():
        dispute = lock_open_dispute(dispute)
        if text == dispute.statement:
            return dispute
        dispute.statement, dispute.statement_by, dispute.statement_at = text, actor, timezone.now()
        dispute.save(update_fields=["statement", "statement_by", "statement_at"])
        audit.record(
            "dispute.statement",
            organization=dispute.order.organization,
            subject=f"order:{dispute.order.code}",
            actor=actor,
            after={"dispute": dispute.stripe_dispute_id, "characters": len(text)},
        )
    return dispute
