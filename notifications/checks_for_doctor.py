"""What `manage.py doctor` asks about mail: who carries it, whether it leaves, and whether we hear of bounces."""

from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import get_connection
from django.utils import timezone

from maly.mail_url import SIGNING
from notifications.models import Message
from notifications.services.deliveries import has_webhook_secret

LATE = timedelta(minutes=10)
# What a provider needs beyond django-anymail itself.
PACKAGES = {
    "amazon_ses": ("boto3", "django-anymail[amazon-ses]"),
    "resend": ("svix", "django-anymail[resend]"),
}


def checks_for_doctor() -> list[str]:
    """Every problem about mail in words, each with what to do about it; none when all is well."""
    return [*_carrier(), *_sender(), *_webhooks(), *_queue()]


def _carrier() -> Iterator[str]:
    if settings.EMAIL_BACKEND == "notifications.mailbox.MailboxBackend":
        if not settings.SHOW_MAILBOX:
            yield "Mail is only kept in the mailbox: set EMAIL_URL."
        return
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        try:
            connection = get_connection(timeout=5)
            connection.open()
            connection.close()
        except (SMTPException, OSError) as error:
            yield f"The mail server doesn't answer ({type(error).__name__}): correct EMAIL_URL."
    package, extra = PACKAGES.get(settings.MAIL_PROVIDER, ("", ""))
    needs_it = package == "boto3" or "RESEND_SIGNING_SECRET" in settings.ANYMAIL
    if package and needs_it and find_spec(package) is None:
        yield f"This mail provider needs a package that isn't there: pip install '{extra}'."


def _sender() -> Iterator[str]:
    if not settings.SHOW_MAILBOX and "@example.com" in settings.DEFAULT_FROM_EMAIL:
        yield "DEFAULT_FROM_EMAIL is an example: set an address of a domain that you may send from."


def _webhooks() -> Iterator[str]:
    if settings.MAIL_PROVIDER and not has_webhook_secret():
        yield (
            "Bounces go unnoticed: set MAIL_WEBHOOK_SECRET=user:password, and at the provider the webhook "
            f"{settings.SITE_URL}/api/webhooks/mail with that user and password (docs/messages.md)."
        )
    if settings.MAIL_PROVIDER == "mailgun" and SIGNING["mailgun"] not in settings.ANYMAIL:
        yield "Mailgun signs its webhooks: add ?signing=<webhook signing key> to EMAIL_URL, or bounces go unnoticed."


def _queue() -> Iterator[str]:
    waiting = Message.objects.filter(state=Message.State.QUEUED, due_at__lt=timezone.now() - LATE).count()
    if waiting:
        yield f"{waiting} messages have waited for more than 10 minutes: are worker and beat running?"
    dead = Message.objects.filter(state=Message.State.DEAD).count()
    if dead:
        yield f"{dead} messages were given up: see their errors at /admin/operations/outbox/, then send them again."
