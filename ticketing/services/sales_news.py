"""Sales as news to organizers: an email for each order, or one a day, as each member has chosen."""

from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from notifications.models import Message
from notifications.services.members import daily_readers, tell_sellers
from notifications.services.outbox import enqueue_all
from ticketing.models import Order

# A day's letter may be late by this many days, should the beat have stood still.
CATCHES_UP = 2
READERS_AT_ONCE = 500


def tell_of_sale(order: Order) -> None:
    """Queue the organizer's emails about an order that is paid now, or booked; in the caller's transaction."""
    tell_sellers(
        "new_ticket_sale",
        organization_id=order.organization_id,
        key=f"new_ticket_sale:{order.code}",
        ids={"order": order.pk},
    )


def tell_of_the_day(*, now: datetime | None = None) -> int:
    """Queue yesterday's sales for the members who want one email a day; how many are queued (again).

    A day is UTC's. Whoever sold nothing gets nothing, and each day is told once, however often this runs.
    """
    today = (now or timezone.now()).astimezone(UTC).date()
    return sum(_tell_day(today - timedelta(days=back)) for back in range(1, CATCHES_UP + 1))


def orders_of_day(organization_id: int, day: date) -> list[Order]:
    """What an organization sold on a day, oldest first."""
    begins = datetime.combine(day, time(), UTC)
    completed = Order.objects.filter(
        organization_id=organization_id, completed_at__gte=begins, completed_at__lt=begins + timedelta(days=1)
    )
    return list(completed.select_related("event").prefetch_related("lines").order_by("completed_at", "pk"))


def _tell_day(day: date) -> int:
    begins = datetime.combine(day, time(), UTC)
    sold = Order.objects.filter(completed_at__gte=begins, completed_at__lt=begins + timedelta(days=1))
    told, last = 0, 0
    while readers := list(daily_readers(after=last).select_related("user")[:READERS_AT_ONCE]):
        wanted = {reader.organization_id for reader in readers}
        sellers = set(
            sold.filter(organization_id__in=wanted).values_list("organization_id", flat=True).distinct()
        )
        messages = [
            Message(
                kind="sales_digest",
                key=f"sales_digest:{day}:{reader.pk}",
                to=reader.user.email,
                ids={"organization": reader.organization_id, "day": str(day), "membership": reader.pk},
            )
            for reader in readers
            if reader.organization_id in sellers
        ]
        enqueue_all(messages)
        told, last = told + len(messages), readers[-1].pk
    return told
