"""What a price means, in words: what buyers see and what the organizer receives. Every figure is the calculator's."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Organization
from connect.models import FeeAbsorption
from connect.selectors import get_terms_of_many
from connect.services.fees import FeeTermsInForce, TicketLine, quote_order, sample_prices
from maly.errors import MalyError
from maly.money import CURRENCIES, format_amount
from ticketing.models import Event
from ticketing.services.sales import fee_absorption_of


@dataclass(frozen=True)
class PriceLine:
    """Amounts of one ticket sold alone, in minor units; `problem` says why it can't be sold at this price."""

    price_amount: int
    currency: str
    buyer_amount: int = 0
    organizer_amount: int = 0
    problem: str = ""

    @property
    def words(self) -> str:
        """Buyers see $54.58. You receive $50.00."""
        if self.problem:
            return self.problem
        if not self.price_amount:
            return _("Free. No fees for you or the buyer.")
        amounts = {
            "buyer": format_amount(self.buyer_amount, self.currency),
            "organizer": format_amount(self.organizer_amount, self.currency),
        }
        return _("Buyers see %(buyer)s. You receive %(organizer)s.") % amounts


@dataclass(frozen=True)
class AbsorptionExample:
    """One way to bear the fees, and what it does to a ticket."""

    value: str
    line: PriceLine


def price_line(
    event: Event, price_amount: int, terms: FeeTermsInForce | None, *, fee_absorption: str = ""
) -> PriceLine:
    """What a face price (minor units of the event's currency) becomes on these terms."""
    if terms is None and price_amount:
        words = _("Tickets can't be sold in this currency on your plan.")
        return PriceLine(price_amount, event.currency, problem=words)
    if terms is None or not price_amount:
        return PriceLine(0, event.currency)
    try:
        line = TicketLine("one", "", price_amount, 1)
        quote = quote_order([line], terms, fee_absorption or fee_absorption_of(event))
    except MalyError as error:
        return PriceLine(price_amount, event.currency, problem=error.detail)
    return PriceLine(price_amount, event.currency, quote.total_amount, quote.organizer_amount)


def absorption_examples(
    event: Event, terms: FeeTermsInForce | None, prices: list[int]
) -> list[AbsorptionExample]:
    """Both ways to bear the fees, worked on the cheapest paid ticket of `prices`, else on a usual price."""
    if terms is None:
        return []
    price_amount = min((price for price in prices if price), default=sample_prices(event.currency)[2])
    ways = (FeeAbsorption.PASS_TO_BUYER.value, FeeAbsorption.ABSORB.value)
    lines = [(way, price_line(event, price_amount, terms, fee_absorption=way)) for way in ways]
    return [AbsorptionExample(way, line) for way, line in lines]


def currencies_of(organization: Organization) -> list[str]:
    """The currencies that the organization's plan has terms for, in three statements."""
    found = get_terms_of_many((organization, code) for code in CURRENCIES)
    return [code for code in CURRENCIES if (organization.pk, code) in found]
