"""One organization as staff see it: what stands above its pages, and their tabs."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Organization, Role, User
from connect.models import AccountState, ConnectedAccount
from connect.selectors import get_current_account, status_of
from maly.errors import NotFound

# The colour behind a state; its own word stands beside it.
TONES: dict[str, str] = {
    AccountState.READY: "success",
    AccountState.UNDER_REVIEW: "info",
    AccountState.ONBOARDING: "warning",
    AccountState.DUE_SOON: "warning",
    AccountState.RESTRICTED: "danger",
    AccountState.REJECTED: "danger",
}
# A tab's name in code, its label, and its page.
TABS = (
    ("summary", _("Summary"), "adminpanel:organization"),
    ("events", _("Events"), "adminpanel:organization-events"),
    ("orders", _("Orders"), "adminpanel:organization-orders"),
    ("payouts", _("Payouts"), "adminpanel:organization-payouts"),
    ("fees", _("Fees"), "adminpanel:organization-fees"),
    ("audit", _("Audit"), "adminpanel:organization-audit"),
)


@dataclass(frozen=True)
class Head:
    """What stands above every page of an organization."""

    organization: Organization
    owner: User | None
    account: ConnectedAccount | None

    @property
    def state(self) -> AccountState:
        return status_of(self.account).state

    @property
    def tone(self) -> str:
        return TONES.get(self.state, "")


def find_organization(slug: str) -> Organization:
    """Any organization by its slug. Raises NotFound."""
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise NotFound
    return organization


def read_head(organization: Organization) -> Head:
    """Its owner and its account, in two statements."""
    return Head(organization, owner_of(organization), get_current_account(organization))


def owner_of(organization: Organization) -> User | None:
    """The first of its owners."""
    owners = Membership.objects.filter(organization=organization, role=Role.OWNER).select_related("user")
    first = owners.order_by("created_at", "id").first()
    return first.user if first else None


def tabs_of(organization: Organization, current: str) -> list[dict[str, Any]]:
    return [
        {"label": str(label), "url": reverse(page, args=[organization.slug]), "is_current": name == current}
        for name, label, page in TABS
    ]
