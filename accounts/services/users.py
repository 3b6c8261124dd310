"""What we ask of a person's account beyond what django-allauth does by itself."""

from allauth.account.models import EmailAddress

from accounts.models import User


def has_verified_email(user: User) -> bool:
    """Whether the person has shown that the address is theirs."""
    return bool(EmailAddress.objects.filter(user=user, verified=True).exists())
