"""What we ask of a person's account beyond what django-allauth does by itself."""

from allauth.account.models import EmailAddress

from accounts.models import User


def verified_emails(user: User) -> list[str]:
    """The addresses that are known to be the user's own, in lower case."""
    addresses = EmailAddress.objects.filter(user=user, verified=True)
    return [email.lower() for email in addresses.values_list("email", flat=True)]


def has_verified_email(user: User) -> bool:
    """Whether the person has shown that the address is theirs."""
    return bool(EmailAddress.objects.filter(user=user, verified=True).exists())
