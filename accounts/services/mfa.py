"""Second factors, as far as our own rules ask about them; django-allauth keeps and checks them."""

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser

from accounts.models import User


def has_second_factor(user: User | AnonymousUser) -> bool:
    """Whether an authenticator app or a passkey guards the account. Recovery codes alone are no second factor."""
    factors = Authenticator.objects.filter(user_id=user.pk).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return user.is_authenticated and factors.exists()
