"""Whose payouts somebody may see and change, and of which Stripe account."""

from django.http import HttpRequest

from accounts.access import Person, enter_organization, find_organization
from accounts.models import Membership, Organization, Role
from connect.errors import OrganizerNotConnected
from connect.models import AccountState, ConnectedAccount
from connect.selectors import get_current_account
from maly.errors import NotFound
from payouts.models import OrganizerPayout


def find_payee(user: Person, slug: str) -> Organization:
    """The organization whose money an OWNER or ADMIN looks at; raises as find_organization does."""
    return find_organization(user, slug, role=Role.ADMIN)


def find_payout(user: Person, slug: str, payout_id: str) -> OrganizerPayout:
    """A payout of the organization, from whichever of its accounts; another's is NotFound."""
    organization = find_payee(user, slug)
    is_possible = "\x00" not in payout_id  # which PostgreSQL can't even look for
    payout = organization.payouts.filter(stripe_payout_id=payout_id).first() if is_possible else None
    if payout is None:
        raise NotFound
    return payout


def enter_payout(request: HttpRequest, payout_id: str) -> tuple[OrganizerPayout, Membership]:
    """The payout of an organizer's page, with the caller's membership (ADMIN or more).

    Raises NotFound for everyone outside the organization, Forbidden for a member below ADMIN. From then on the caller
    works in the payout's organization.
    """
    found = OrganizerPayout.objects.select_related("organization")
    payout = found.filter(stripe_payout_id=payout_id.replace("\x00", "")).order_by("id").first()
    if payout is None:
        raise NotFound
    return payout, enter_organization(request, payout.organization, Role.ADMIN)


def require_account(organization: Organization) -> ConnectedAccount:
    """The account that Stripe pays the organization out from. Raises OrganizerNotConnected."""
    account = get_current_account(organization)
    if account is None or account.state in (AccountState.NOT_CONNECTED, AccountState.DISCONNECTED):
        raise OrganizerNotConnected
    return account
