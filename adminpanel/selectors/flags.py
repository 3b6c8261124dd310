"""What a flag would stop, and what goes on nevertheless."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max

from accounts.models import Organization
from ticketing.models import Event, Order


@dataclass(frozen=True)
class FlagEffect:
    """How many events sell, and how many buyers are on their way through Stripe's page, at the latest until when."""

    on_sale: int
    under_way: int
    until: datetime | None


def read_effect(organization: Organization) -> FlagEffect:
    """What a flag meets at this moment, in two statements."""
    on_sale = Event.objects.filter(organization=organization, status=Event.Status.PUBLISHED)
    # By the index of holds: few orders wait, however many there were.
    waiting = Order.objects.filter(
        organization=organization, status=Order.Status.AWAITING_PAYMENT, hold_expires_at__isnull=False
    ).aggregate(count=Count("pk"), until=Max("hold_expires_at"))
    return FlagEffect(on_sale.count(), waiting["count"], waiting["until"])
