"""The mails about accounts as samples, for staff to look at: nobody's links and codes."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from accounts.models import Role, User

PREFIXES = {
    "email_confirmation_signup": "account/email/email_confirmation_signup",
    "email_confirmation": "account/email/email_confirmation",
    "account_already_exists": "account/email/account_already_exists",
    "login_code": "account/email/login_code",
    "password_reset_key": "account/email/password_reset_key",
    "password_changed": "account/email/password_changed",
    "password_reset": "account/email/password_reset",
    "email_changed": "account/email/email_changed",
    "totp_activated": "mfa/email/totp_activated",
    "totp_deactivated": "mfa/email/totp_deactivated",
    "recovery_codes_generated": "mfa/email/recovery_codes_generated",
    "webauthn_added": "mfa/email/webauthn_added",
    "webauthn_removed": "mfa/email/webauthn_removed",
    "invitation": "accounts/email/invitation",
}


def sample_mail(kind: str) -> EmailMultiAlternatives:
    """The mail of a kind of PREFIXES, to nobody, with links that lead nowhere."""
    link = f"{settings.SITE_URL}/account/sample/"
    context: dict[str, Any] = {
        "user": User(email="ada@example.com", name="Ada Obi"),
        "email": "ada@example.com",
        "code": "ABCD-EFGH",
        "activate_url": link,
        "password_reset_url": link,
        "accept_url": link,
        "from_email": "ada@example.com",
        "to_email": "ada@example.org",
        "timestamp": timezone.now(),
        "ip": "192.0.2.7",
        "user_agent": "Firefox on Linux",
        "organization": "Harbour Arts",
        "invited_by": "Grace Hall",
        "role": Role.MANAGER.label,
    }
    mail = get_adapter().render_mail(PREFIXES[kind], "ada@example.com", context)
    assert isinstance(mail, EmailMultiAlternatives), kind
    return mail
