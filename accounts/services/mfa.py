"""Second factors, as far as our own rules ask about them; django-allauth keeps and checks them."""

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from accounts.models import AuditEntry, User
from accounts.services import audit


def has_second_factor(user: User | AnonymousUser) -> bool:
    """Whether an authenticator app or a passkey guards the account. Recovery codes alone are no second factor."""
    factors = Authenticator.objects.filter(user_id=user.pk).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return user.is_authenticated and factors.exists()


def remove_second_factors(user: User, *, actor: User, reason: str) -> int:
    """Take every second factor away from somebody who has lost them; returns how many there were, and mails them so.

    For staff, who have made sure of who asks. Nothing is written or mailed when there was none.
    """
    with transaction.atomic():
        factors = list(
            Authenticator.objects.select_for_update().filter(user=user).values_list("type", flat=True)
        )
        if not factors:
            return 0
        Authenticator.objects.filter(user=user).delete()
        audit.record(
            "user.second_factors_removed",
            subject=f"user:{user.pk}",
            actor=actor,
            actor_kind=AuditEntry.Actor.STAFF,
            before={"factors": sorted(factors)},
            reason=reason,
        )
    get_adapter().send_notification_mail("mfa/email/totp_deactivated", user)
    return len(factors)
