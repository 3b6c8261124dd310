"""The payment settings."""

from dataclasses import dataclass

from django.utils import timezone

from accounts.models import Membership, Organization, Role
from connect.errors import CurrencyNotSupported, PriceBelowMinimum
from connect.models import FeeAbsorption
from connect.selectors import default_absorption, get_current_account, get_terms
from connect.services.fees import FeeTermsInForce, TicketLine, quote_order, rate_text, sample_prices
from dashboard.selectors.stripe_card import StripeCard, make_card
from ticketing.models import Event, TicketType

DOLLARS = "usd"


@dataclass(frozen=True)
class FeeExample:
    """One way to bear the fees, with what it does to a ticket; amounts in minor units."""

    value: str
    ticket_amount: int
    buyer_pays_amount: int
    organizer_gets_amount: int
    currency: str


@dataclass(frozen=True)
class FeeCard:
    """The rate in words' parts, and an example of either way to bear it."""

    terms: FeeTermsInForce
    percent: str
    fee_absorption: str
    examples: list[FeeExample]
    is_own_ticket: bool


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
    """The fees with an example from the organization's cheapest paid ticket; None where the plan has no dollars."""
    try:
        terms = get_terms(organization, DOLLARS)
    except CurrencyNotSupported:
        return None
    own = cheapest_price(organization, terms)
    price_amount = own or sample_prices(DOLLARS)[2]
    return FeeCard(
        terms=terms,
        percent=rate_text(terms.percent),
        fee_absorption=default_absorption(organization),
        examples=[
            _example(price_amount, terms, way) for way in (FeeAbsorption.PASS_TO_BUYER, FeeAbsorption.ABSORB)
        ],
        is_own_ticket=own is not None,
    )


def cheapest_price(organization: Organization, terms: FeeTermsInForce) -> int | None:
    """The face price of the organization's cheapest paid ticket that can be sold either way; None without one."""
    prices = (
        TicketType.objects.filter(
            event__organization=organization, event__currency=terms.currency, price_amount__gt=0
        )
        .order_by("price_amount")
        .values_list("price_amount", flat=True)
    )
    for price_amount in prices[:20]:
        try:
            _example(price_amount, terms, FeeAbsorption.ABSORB)
        except PriceBelowMinimum:
            continue
        return price_amount
    return None


def count_events_on_sale(organization: Organization) -> int:
    """How many events would stop selling paid tickets."""
    return Event.objects.filter(
        organization=organization, status=Event.Status.PUBLISHED, ends_at__gt=timezone.now()
    ).count()


def _example(price_amount: int, terms: FeeTermsInForce, way: FeeAbsorption) -> FeeExample:
    quote = quote_order([TicketLine("one", "", price_amount, 1)], terms, way)
    return FeeExample(
        value=way.value,
        ticket_amount=price_amount,
        buyer_pays_amount=quote.total_amount,
        organizer_gets_amount=quote.organizer_amount,
        currency=terms.currency,
    )
