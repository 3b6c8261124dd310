"""Mails of accounts that django-allauth doesn't send. Accounts stand below the outbox, so they go out directly."""

import logging
from smtplib import SMTPException

from allauth.account.adapter import get_adapter
from anymail.exceptions import AnymailError
from django.conf import settings
from django.urls import reverse

from accounts.errors import MailNotSent
from accounts.models import Invitation

logger = logging.getLogger(__name__)
# A mail server or a provider's API that doesn't take a mail, for whatever reason.
NOT_TAKEN = (SMTPException, OSError, AnymailError)


def send_invitation(invitation: Invitation, *, token: str) -> None:
    """Mail the link; the token is in no log and no table. Raises MailNotSent when the mail server refuses it."""
    context = {
        "invitation": invitation,
        "organization": invitation.organization,
        "invited_by": invitation.invited_by,
        "role": invitation.get_role_display(),
        "accept_url": settings.SITE_URL + reverse("accounts:invitation", args=[token]),
    }
    mail = get_adapter().render_mail("accounts/email/invitation", invitation.email, context)
    try:
        mail.send()
    except NOT_TAKEN as error:
        logger.warning("invitation_not_mailed invitation=%s error=%s", invitation.pk, type(error).__name__)
        raise MailNotSent from error
