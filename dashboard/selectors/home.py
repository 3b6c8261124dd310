"""The organizer's home."""

from dataclasses import dataclass

from django.db.models import Sum
from django.utils import timezone

from accounts.access import allows
from accounts.models import Membership, Role
from connect.selectors import get_current_account
from dashboard.selectors.stripe_card import StripeCard, make_card
from ticketing.models import Event


@dataclass(frozen=True)
class HomePage:
    """The organizer's first page: how Stripe stands (for those who may act on it) and the next events."""

    stripe: StripeCard | None
    events: list[Event]


def home_page(membership: Membership) -> HomePage:
    """The first page as a member sees it."""
    organization = membership.organization
    may_act = allows(membership.role, Role.ADMIN)
    upcoming = Event.objects.filter(organization=organization, ends_at__gt=timezone.now())
    upcoming = upcoming.exclude(status=Event.Status.CANCELLED).annotate(
        tickets_sold=Sum("ticket_types__sold"), tickets_for_sale=Sum("ticket_types__capacity")
    )
    return HomePage(
        stripe=make_card(get_current_account(organization)) if may_act else None,
        events=list(upcoming.order_by("starts_at", "pk")[:10]),
    )
