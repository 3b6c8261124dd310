"""The people of the demo and their organizations."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress

from accounts.models import Membership, Organization, Role, User
from accounts.services.organizations import personal_organization
from connect.selectors import get_current_account
from connect.services.accounts import start_onboarding, sync_account
from maly.seed.stripe import Stripe

PASSWORD = "maly-demo"  # noqa: S105  the demo's, known to everybody


@dataclass(frozen=True)
class People:
    """Who the rest of the seed works with."""

    organizer: User
    host: User
    attendee: User
    harbour_arts: Organization
    fringe_records: Organization
    host_organization: Organization
    newhost_organization: Organization
    newhost: User


def make_people(stripe: Stripe) -> People:
    """Make the demo's logins; two teams and a host can sell, another host has nothing connected."""
    organizer = _person("organizer@example.com", "Olive Harbour")
    host = _person("host@example.com", "Host")
    newhost = _person("newhost@example.com", "Newhost")
    scanner = _person("scanner@example.com", "Sam Scanner")
    attendee = _person("attendee@example.com", "Ada Obi")
    _person("admin@example.com", "Alex Admin", is_platform_admin=True, is_staff=True, is_superuser=True)
    harbour = _team(
        "harbour-arts", "Harbour Arts", organizer, description="Concerts, markets and film by the water."
    )
    fringe = _team("fringe-records", "Fringe Records", organizer, description="Small rooms, loud nights.")
    Membership.objects.get_or_create(user=scanner, organization=harbour, defaults={"role": Role.SCANNER})
    host_organization = personal_organization(host)
    newhost_organization = personal_organization(newhost)
    for organization, owner in ((harbour, organizer), (fringe, organizer), (host_organization, host)):
        _connect(organization, owner, stripe)
    return People(
        organizer, host, attendee, harbour, fringe, host_organization, newhost_organization, newhost
    )


def _person(email: str, name: str, **flags: bool) -> User:
    user = User.objects.filter(email=email).first() or User.objects.create_user(
        email, PASSWORD, name=name, **flags
    )
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def _team(slug: str, name: str, owner: User, *, description: str) -> Organization:
    team, _made = Organization.objects.get_or_create(
        slug=slug, defaults={"name": name, "description": description, "contact_email": owner.email}
    )
    Membership.objects.get_or_create(user=owner, organization=team, defaults={"role": Role.OWNER})
    return team


def _connect(organization: Organization, owner: User, stripe: Stripe) -> None:
    account = get_current_account(organization)
    if account is None or account.stripe_account_id is None:
        account, _link = start_onboarding(organization, actor=owner)
    assert account.stripe_account_id
    if not account.details_submitted:
        stripe.complete_onboarding(account.stripe_account_id)
        sync_account(account.stripe_account_id, actor_kind="command")
