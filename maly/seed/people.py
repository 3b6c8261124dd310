"""The people of the demo and their organizations."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress

from accounts.models import Membership, Organization, Role, User
from accounts.services.organizations import personal_organization
from connect.models import ConnectedAccount
from connect.selectors import get_current_account
from connect.services.accounts import start_onboarding, sync_account
from maly.seed.stripe import Stripe

PASSWORD = "maly-demo"  # noqa: S105  the demo's, known to everybody

ABOUT_HARBOUR_ARTS = (
    "We put on twelve events a year in and around the Old Ropeworks.\n\n"
    "Every venue we use has **step-free entry and accessible toilets**; write to us about anything else you need."
)


@dataclass(frozen=True)
class People:
    """Who the rest of the seed works with."""

    organizer: User
    host: User
    newhost: User
    scanner: User
    attendee: User
    harbour_arts: Organization
    fringe_records: Organization
    tidewater_choir: Organization
    host_organization: Organization
    newhost_organization: Organization


def make_people(stripe: Stripe | None) -> People:
    """Make the demo's logins; three teams and a host can sell, another host has nothing connected.

    Without the sandbox nobody has: at the real Stripe only people can fill in their details.
    """
    organizer = make_person("organizer@example.com", "Olive Harbour")
    host = make_person("host@example.com", "Host")
    newhost = make_person("newhost@example.com", "Newhost")
    scanner = make_person("scanner@example.com", "Sam Scanner")
    attendee = make_person("attendee@example.com", "Ada Obi")
    make_person("admin@example.com", "Alex Admin", is_platform_admin=True, is_staff=True, is_superuser=True)
    harbour = make_team(
        "harbour-arts",
        "Harbour Arts",
        organizer,
        tagline="Concerts, markets and film by the water.",
        based_in="Baltimore",
        website="https://harbour-arts.example",
        description=ABOUT_HARBOUR_ARTS,
    )
    fringe = make_team("fringe-records", "Fringe Records", organizer, tagline="Small rooms, loud nights.")
    choir = make_team("tidewater-choir", "Tidewater Choir", organizer, tagline="Eighty voices, no audition.")
    Membership.objects.get_or_create(user=scanner, organization=harbour, defaults={"role": Role.SCANNER})
    host_organization = personal_organization(host)
    newhost_organization = personal_organization(newhost)
    sellers = (harbour, organizer), (fringe, organizer), (choir, organizer), (host_organization, host)
    if stripe:
        for organization, owner in sellers:
            connect(organization, owner, stripe)
    return People(
        organizer=organizer,
        host=host,
        newhost=newhost,
        scanner=scanner,
        attendee=attendee,
        harbour_arts=harbour,
        fringe_records=fringe,
        tidewater_choir=choir,
        host_organization=host_organization,
        newhost_organization=newhost_organization,
    )


def make_person(email: str, name: str, **flags: bool) -> User:
    """Somebody with the demo's password, made if they aren't there."""
    user = User.objects.filter(email=email).first() or User.objects.create_user(
        email, PASSWORD, name=name, **flags
    )
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def make_team(slug: str, name: str, owner: User, **said: str) -> Organization:
    """A team with its owner and what its profile says (`said`), made if it isn't there."""
    team, _made = Organization.objects.get_or_create(
        slug=slug, defaults={"name": name, "contact_email": owner.email, **said}
    )
    Membership.objects.get_or_create(user=owner, organization=team, defaults={"role": Role.OWNER})
    return team


def connect(
    organization: Organization, owner: User, stripe: Stripe, *, outcome: str | None = "verified"
) -> ConnectedAccount:
    """Connect an organization and go through the onboarding to this outcome, unless somebody has already.

    Without an outcome it is begun and left.
    """
    account = get_current_account(organization)
    if account is None or account.stripe_account_id is None:
        account, _link = start_onboarding(organization, actor=owner)
    assert account.stripe_account_id
    if outcome and not account.details_submitted:
        stripe.end_onboarding(account.stripe_account_id, outcome)
        account = sync_account(account.stripe_account_id, actor_kind="command")
    return account
