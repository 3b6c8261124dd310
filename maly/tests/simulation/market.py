"""The market of one run: organizers at Stripe with their events, the buyers' orders, and the way to move all of it."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from connect.models import FeeAbsorption
from connect.services.accounts import start_onboarding, sync_account
from connect.services.terms import set_override
from maly.tests.simulation.pricing import Price, Terms, price_of
from sandbox.server import Sandbox
from ticketing.models import Event, Order, TicketType
from ticketing.services.checkout import Item
from ticketing.tests.factories import EventFactory, TicketTypeFactory

HOST = Terms("3", 0, True, False, False, False)
TEAM = Terms("4", 75, False, True, True, False)
OVERRIDDEN = Terms("3.5", 50, False, True, True, True)
# Few of each, so that buyers meet each other.
PRICES, CAPACITIES, EVENT_CAPACITY = (5000, 1010, 0), (8, 5, 2), 12
Cart = tuple[int, int, int]


@dataclass
class Organizer:
    """An organization, who runs it, its account at Stripe, and its event with three ticket types."""

    name: str
    terms: Terms
    organization: Organization
    owner: User
    account_id: str
    event: Event
    ticket_types: list[TicketType]


@dataclass
class Sale:
    """One buyer's wish, and what the buyer knows of it."""

    number: int
    organizer: Organizer
    cart: Cart
    asked_back: list[tuple[int, int]] = field(
        default_factory=list
    )  # by a preview: amount, fee given back with it

    def __str__(self) -> str:
        return f"sale {self.number}"

    @property
    def email(self) -> str:
        return f"buyer{self.number}@example.com"

    @property
    def key(self) -> tuple[str, str]:
        return f"guest:{self.number}", "the-key"

    @property
    def items(self) -> list[Item]:
        wanted = zip(self.organizer.ticket_types, self.cart, strict=True)
        return [Item(kind.public_id, quantity) for kind, quantity in wanted if quantity]

    @property
    def price(self) -> Price:
        faces = [face for face, quantity in zip(PRICES, self.cart, strict=True) for _ in range(quantity)]
        return price_of(faces, self.organizer.terms)

    def orders(self) -> QuerySet[Order]:
        """Every order that came of it: one, or another after the first had expired."""
        return Order.objects.filter(email=self.email).order_by("pk")

    def order(self) -> Order | None:
        return self.orders().last()


@dataclass
class Market:
    """Everything that a run's rules act on."""

    sandbox: Sandbox
    organizers: list[Organizer]
    staff: User
    sales: list[Sale] = field(default_factory=list)

    def control(self, path: str, **body: Any) -> tuple[int, Any]:
        """Do at Stripe what a buyer, a bank or Stripe itself does there."""
        return self.sandbox.control("POST", f"/_sandbox/{path}", body)

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """Stripe's objects of a kind, oldest first."""
        with self.sandbox.world.state.lock:
            return [dict(one) for one in self.sandbox.world.state.values(kind)]


def open_market(sandbox: Sandbox) -> Market:
    """Three organizers: a host on its plan, a team on its plan, and a team with rates of its own, passed on."""
    staff = UserFactory(email="admin@example.com", is_platform_admin=True, is_staff=True, is_superuser=True)
    host = _personal("Hana's Workshop", "hana")
    team = _team("Harbour Arts", "harbour")
    other = _team("Northside Stage", "northside")
    set_override(
        other, percent=Decimal("3.5"), fixed_amount=50, actor=staff, reason="Agreed when they joined"
    )
    organizers = [
        _organizer(sandbox, host, HOST, FeeAbsorption.ABSORB),
        _organizer(sandbox, team, TEAM, FeeAbsorption.ABSORB),
        _organizer(sandbox, other, OVERRIDDEN, FeeAbsorption.PASS_TO_BUYER),
    ]
    return Market(sandbox, organizers, staff)


def _personal(name: str, slug: str) -> Organization:
    user = UserFactory(email=f"{slug}@example.com")
    organization = OrganizationFactory(name=name, slug=slug, kind=Organization.Kind.PERSONAL, host=user)
    MembershipFactory(organization=organization, user=user, role=Role.OWNER)
    return organization


def _team(name: str, slug: str) -> Organization:
    organization = OrganizationFactory(name=name, slug=slug)
    MembershipFactory(
        organization=organization, user=UserFactory(email=f"{slug}@example.com"), role=Role.OWNER
    )
    return organization


def _organizer(sandbox: Sandbox, organization: Organization, terms: Terms, absorption: str) -> Organizer:
    owner = User.objects.get(memberships__organization=organization)
    account, _link = start_onboarding(organization, actor=owner)
    assert account.stripe_account_id
    sandbox.control("POST", f"/_sandbox/accounts/{account.stripe_account_id}", {"complete": True})
    sync_account(account.stripe_account_id, actor_kind="sweep")
    event = EventFactory(
        organization=organization,
        title=f"An evening at {organization.name}",
        slug=f"evening-{organization.slug}",
        fee_absorption=absorption,
        capacity=EVENT_CAPACITY,
    )
    kinds = [
        TicketTypeFactory(event=event, name=name, price_amount=price, capacity=capacity)
        for name, price, capacity in zip(("Seat", "Bench", "Child"), PRICES, CAPACITIES, strict=True)
    ]
    return Organizer(organization.name, terms, organization, owner, account.stripe_account_id, event, kinds)
