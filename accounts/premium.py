"""What Premium gives, declared once. Services and pages ask here; whoever has paid is in `accounts.Entitlement`.

A person is premium; an organization is premium while one of its owners is. The lower fee is a fee plan, whose rate is
in its terms like any other plan's: `premium.services.entitlements` assigns it.
"""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entitlement, Organization, Role, User

PREMIUM = "premium"
# The fee plan of a premium host's personal organization.
HOST_FEE_PLAN = "premium_host"
TEAM_MEMBERS = 10
PREMIUM_TEAM_MEMBERS = 50


class Benefit(models.TextChoices):
    """What a premium person, or an organization that one of them owns, may do and others may not."""

    LOWER_FEE = "lower_fee", _("A lower platform fee on your own events")
    LARGER_TEAM = "larger_team", _("More people in each of your teams")
    EVENT_ADDRESS = "event_address", _("Event addresses that you can change at any time")
    EVENT_ACCENT = "event_accent", _("Your colour on event pages")
    SALES_INSIGHT = "sales_insight", _("Sales compared across all your events")


def premium_until(user: User) -> datetime | None:
    """Until when a person is premium; None for somebody who isn't now."""
    entitled = Entitlement.objects.filter(user=user, kind=PREMIUM, until__gt=timezone.now())
    return entitled.values_list("until", flat=True).first()


def is_premium(user: User) -> bool:
    """Whether a person is premium now; one query."""
    return premium_until(user) is not None


def organization_is_premium(organization: Organization) -> bool:
    """Whether any of its owners is premium now; one query."""
    owners = Entitlement.objects.filter(
        kind=PREMIUM,
        until__gt=timezone.now(),
        user__memberships__organization=organization,
        user__memberships__role=Role.OWNER,
    )
    return owners.exists()


def has_benefit(organization: Organization, benefit: Benefit) -> bool:
    """Whether an organization has something that Premium gives. The lower fee is a single host's alone."""
    if benefit == Benefit.LOWER_FEE and organization.kind != Organization.Kind.PERSONAL:
        return False
    return organization_is_premium(organization)


def most_members(organization: Organization) -> int:
    """How many people an organization may have, open invitations included. Who is in it stays in it."""
    return PREMIUM_TEAM_MEMBERS if has_benefit(organization, Benefit.LARGER_TEAM) else TEAM_MEMBERS
