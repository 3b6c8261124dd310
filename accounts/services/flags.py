"""Flagging: staff stop everything that an organization sells, and let it sell again.

Whether something can be sold asks `Organization.is_flagged` each time, so a flag counts from its commit on. What has
been sold stays as it is: tickets are valid, refunds and payouts go on.
"""

import logging

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Organization, User
from accounts.services import audit
from maly.errors import Invalid

logger = logging.getLogger(__name__)
LONGEST_REASON = 2000


def flag_organization(organization: Organization, *, actor: User, reason: str) -> AuditEntry | None:
    """Stop an organization's sales at once, free tickets too.

    Returns the audit entry, or None when it was flagged already: then nothing changes, the first reason stays. Raises
    Invalid without a reason.
    """
    return _set_flag(organization, actor=actor, reason=_check_reason(reason), is_flagged=True)


def unflag_organization(organization: Organization, *, actor: User, reason: str) -> AuditEntry | None:
    """Let a flagged organization sell again; None when it wasn't flagged. Raises Invalid without a reason."""
    return _set_flag(organization, actor=actor, reason=_check_reason(reason), is_flagged=False)


def _set_flag(organization: Organization, *, actor: User, reason: str, is_flagged: bool) -> AuditEntry | None:
    with transaction.atomic():
        found = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        if found.is_flagged == is_flagged:
            return None
        found.flagged_at = timezone.now() if is_flagged else None
        found.flag_reason = reason if is_flagged else ""
        found.save(update_fields=["flagged_at", "flag_reason"])
        entry = audit.record(
            f"organization.{'flagged' if is_flagged else 'unflagged'}",
            organization=found,
            subject=f"organization:{found.slug}",
            actor=actor,
            actor_kind=AuditEntry.Actor.STAFF,
            before={"is_flagged": not is_flagged},
            after={"is_flagged": is_flagged},
            reason=reason,
        )
    organization.flagged_at, organization.flag_reason = found.flagged_at, found.flag_reason
    logger.info("organization_flag organization=%s is_flagged=%s", found.slug, is_flagged)
    return entry


def _check_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Invalid(_("Say why: the reason is kept with the change."), attr="reason")
    if len(reason) > LONGEST_REASON or "\x00" in reason:
        raise Invalid(_("The reason is too long, or has characters that can't be kept."), attr="reason")
    return reason
