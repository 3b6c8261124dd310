"""The payment settings."""

from dataclasses import dataclass

from django.db.models import Case, Exists, OuterRef, When
from django.utils import timezone

from accounts.models import Membership, Organization, Role
from connect.errors import CurrencyNotSupported, PriceBelowMinimum
from connect.models import FeeAbsorption
from connect.selectors import default_absorption, get_current_account, get_terms
from connect.services.fees import FeeTermsInForce, TicketLine, quote_order, rate_text, sample_prices
from dashboard.selectors.stripe_card import StripeCard, make_card
from ticketing.models import Event, TicketType

DOLLARS = "usd"
LOOKED_AT = 20


@dataclass(frozen=True)
class FeeExample:
    """One way to bear the fees, with what it does to a ticket; amounts in minor units."""

    value: str
    ticket_amount: int
    buyer_pays_amount: int
    organizer_gets_amount: int
    platform_fee_amount: int
    processing_fee_amount: int
    currency: str


@dataclass(frozen=True)
class FeeCard:
    """The rate in words' parts, and an example of either way to bear it: `own` is the ticket that it is of."""

    terms: FeeTermsInForce
    percent: str
    fee_absorption: str
    examples: list[FeeExample]
    own: TicketType | None


@dataclass(frozen=True)
class PaymentsPage:
    """The payment settings of an organization."""

    organization: Organization
    stripe: StripeCard
    fees: FeeCard | None
    may_disconnect: bool


def payments_page(membership: Membership) -> PaymentsPage:
    """The payment settings as a member sees them."""
    organization = membership.organization
    stripe = make_card(get_current_account(organization))
    return PaymentsPage(
        organization=organization,
        stripe=stripe,
        fees=fee_card(organization),
        may_disconnect=stripe.status.is_connected and membership.role == Role.OWNER,
    )


def fee_card(organization: Organization) -> FeeCard | None:
    """The fees with an example from the organization's cheapest paid ticket; None without terms for it."""
    tickets = _cheapest_tickets(organization)
    currency = tickets[0].event.currency if tickets else DOLLARS
    try:
        terms = get_terms(organization, currency)
    except CurrencyNotSupported:
        return None
    own = next((each for each in tickets if _can_be_sold(each, terms)), None)
    price_amount = own.price_amount if own else sample_prices(currency)[2]
    return FeeCard(
        terms=terms,
        percent=rate_text(terms.percent),
        fee_absorption=default_absorption(organization),
        examples=[
            _example(price_amount, terms, way) for way in (FeeAbsorption.PASS_TO_BUYER, FeeAbsorption.ABSORB)
        ],
        own=own,
    )


def _cheapest_tickets(organization: Organization) -> list[TicketType]:
    """The first few paid tickets: of events to come before past ones, dollars before others, hidden ones last."""
    is_over = Case(When(event__ends_at__lte=timezone.now(), then=1), default=0)
    is_foreign = Case(When(event__currency=DOLLARS, then=0), default=1)
    ours = TicketType.objects.filter(event__organization=organization, price_amount__gt=0)
    order = (is_over, is_foreign, "event__currency", "is_hidden", "price_amount", "pk")
    return list(ours.order_by(*order).select_related("event")[:LOOKED_AT])


def _can_be_sold(ticket: TicketType, terms: FeeTermsInForce) -> bool:
    """Whether its price covers its fees, in the currency of the terms."""
    if ticket.event.currency != terms.currency:
        return False
    try:
        _example(ticket.price_amount, terms, FeeAbsorption.ABSORB)
    except PriceBelowMinimum:
        return False
    return True


def count_events_on_sale(organization: Organization) -> int:
    """How many events would stop selling paid tickets."""
    paid = TicketType.objects.filter(event=OuterRef("pk"), price_amount__gt=0, stopped_at=None)
    running = Event.objects.filter(status=Event.Status.PUBLISHED, ends_at__gt=timezone.now())
    return running.filter(Exists(paid), organization=organization).count()


def _example(price_amount: int, terms: FeeTermsInForce, way: FeeAbsorption) -> FeeExample:
    quote = quote_order([TicketLine("one", "", price_amount, 1)], terms, way)
    return FeeExample(
        value=way.value,
        ticket_amount=price_amount,
        buyer_pays_amount=quote.total_amount,
        organizer_gets_amount=quote.organizer_amount,
        platform_fee_amount=quote.platform_fee,
        processing_fee_amount=quote.processing_fee,
        currency=terms.currency,
    )
