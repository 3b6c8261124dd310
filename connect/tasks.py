"""What workers do for connect. Each task is safe to run twice and at any time."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from connect import gateway, mirror
from connect.errors import GatewayError
from connect.models import ConnectedAccount
from connect.services import inbox
from connect.services.accounts import create_at_stripe

logger = logging.getLogger(__name__)
# Less than a task may take; the accounts that are left come first the next time.
CATCH_UP_SECONDS = 150


@shared_task
def process_due_events() -> None:
    """The sweep: work off every event that is due."""
    with gateway.patiently():
        inbox.process_due()


@shared_task
def process_stripe_event(event_pk: int) -> None:
    """The poke: work off one event, unless somebody else has it."""
    with gateway.patiently():
        for claimed in inbox.claim_due_events(1, event_pk=event_pk):
            inbox.process_event(claimed)


@shared_task
def catch_up_events() -> int:
    """Bring the events that no webhook brought, and work them off."""
    from connect.services import catch_up

    with gateway.patiently():
        found = catch_up.catch_up(seconds=CATCH_UP_SECONDS).found
        if found:
            inbox.process_due()
    return found


@shared_task
def mirror_account(stripe_account_id: str) -> None:
    """Feed dj-stripe's copy of an account. The mirror's faults are logged and stay its own."""
    try:
        with gateway.patiently():
            account = gateway.retrieve_account(stripe_account_id)
        mirror.feed_account(account.raw)
    except Exception:  # whatever dj-stripe stumbles over
        logger.exception("mirror_failed object=account")


@shared_task
def resolve_account_creations() -> None:
    """Find out about accounts whose creation has had no known outcome for a minute."""
    stuck = ConnectedAccount.objects.filter(
        is_current=True, stripe_account_id=None, created_at__lt=timezone.now() - timedelta(minutes=1)
    ).select_related("organization")
    for account in stuck[:50]:
        try:
            with gateway.patiently():
                create_at_stripe(account)
        except GatewayError as error:
            logger.warning("account_creation_unresolved row=%s error=%s", account.pk, type(error).__name__)
