"""What connect does about Stripe's events of connected accounts."""

from accounts.models import AuditEntry
from connect.errors import GatewayRefused, Ignored
from connect.models import StripeEvent
from connect.registry import on
from connect.services.accounts import GONE, deauthorize_account, sync_account


@on("account.updated", "capability.updated", endpoint="connect")
def account_changed(event: StripeEvent) -> None:
    try:
        sync_account(event.account, actor_kind=AuditEntry.Actor.WEBHOOK)
    except GatewayRefused as error:
        if error.status in GONE:
            raise Ignored("The account can't be read any more.") from error
        raise


@on("account.application.deauthorized", endpoint="connect")
def account_deauthorized(event: StripeEvent) -> None:
    # The one event whose object can't be fetched: the event's account is enough.
    deauthorize_account(event.account, at=event.stripe_created_at)
