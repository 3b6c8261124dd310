"""How django-allauth does things here: what it saves of a new person, how its mails look, how it keeps secrets."""

import base64
import io
import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.mail import EmailMessage
from django.forms import BaseForm
from django.http import HttpRequest
from segno import make_qr

from accounts.emails import NOT_TAKEN
from accounts.errors import MailServerSilent
from accounts.models import User

logger = logging.getLogger(__name__)
# Sent alike whether or not the address has an account.
AWAITED = ("email_confirmation", "email_confirmation_signup", "account_already_exists")


class AccountAdapter(DefaultAccountAdapter):
    """Keeps the name that sign-up asks for, and knows whom mails come from."""

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "")
        saved = super().save_user(request, user, form, commit)
        assert isinstance(saved, User)
        return saved

    def unstash_verified_email(self, request: HttpRequest) -> None:  # noqa: ARG002
        """An invitation's link confirms its address only for somebody who signs up with it (`is_email_verified`).

        By default it would become the address of whoever signs up, whatever they typed.
        """

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send now; a mail server that is down breaks nothing.

        Who signs up or changes an address is told to try again. A code, a link to a new password and a notice only
        fail in the log: a refusal would say whether somebody has an account.
        """
        try:
            super().send_mail(template_prefix, email, context)
        except NOT_TAKEN as error:
            kind = template_prefix.rpartition("/")[2]
            logger.error("account_mail_not_sent kind=%s error=%s", kind, type(error).__name__)
            if kind in AWAITED:
                raise MailServerSilent from error

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Add what our mail templates show, and the kind by which the mailbox names a mail."""
        context = {
            **context,
            "platform_name": settings.PLATFORM_NAME,
            "support_email": settings.PLATFORM_SUPPORT_EMAIL,
            "site_url": settings.SITE_URL,
        }
        kind = {"X-Maly-Kind": template_prefix.rpartition("/")[2]}
        return super().render_mail(template_prefix, email, context, {**(headers or {}), **kind})


class MfaAdapter(DefaultMFAAdapter):
    """Encrypts the secrets of second factors at rest, and draws the app's QR code so that dark mode can't hide it."""

    def build_totp_svg(self, url: str) -> str:
        drawing = io.BytesIO()
        make_qr(url, error="m").save(drawing, kind="svg", scale=6, border=4, light="white", xmldecl=False)
        return drawing.getvalue().decode()

    def encrypt(self, text: str) -> str:
        return _fernets()[0].encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        for fernet in _fernets():
            try:
                return fernet.decrypt(encrypted_text.encode()).decode()
            except InvalidToken:
                continue
        raise InvalidToken


def _fernets() -> list[Fernet]:
    """One for SECRET_KEY, which encrypts, and one for each of its predecessors, which still decrypt."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [Fernet(base64.urlsafe_b64encode(_derive(secret))) for secret in secrets]


def _derive(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"maly second factors").derive(secret.encode())
