"""Whether a ticket can be bought now, and if not, why: one derivation for the API, the pages and the checkout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext as _

from accounts.models import Organization
from connect.models import AccountState, ConnectedAccount, FeeAbsorption, PaymentSettings
from maly.templatetags.maly import event_time
from ticketing.errors import (
    EventNotOnSale,
    QuantityOutOfRange,
    SalesClosed,
    SalesEnded,
    SalesHalted,
    SalesNotStarted,
    TicketSoldOut,
)
from ticketing.models import Event, TicketType

NOT_CONNECTED = (AccountState.NOT_CONNECTED, AccountState.ONBOARDING, AccountState.DISCONNECTED)


class TicketStatus(models.TextChoices):
    """What a buyer meets at a ticket type (contract, Events and checkout)."""

    ON_SALE = "on_sale", "On sale"
    NOT_STARTED = "not_started", "Sales haven't started"
    ENDED = "ended", "Sales ended"
    SOLD_OUT = "sold_out", "Sold out"
    COMING_SOON = "coming_soon", "Tickets coming soon"
    PAUSED = "paused", "Sales paused"


@dataclass(frozen=True)
class Wanted:
    """So many tickets of one type, with the type as it was last read, and who is coming, where that is asked."""

    ticket_type: TicketType
    quantity: int
    names: tuple[str, ...] = ()


def ticket_status(
    ticket_type: TicketType,
    event: Event,
    account: ConnectedAccount | None,
    organization: Organization,
    now: datetime,
) -> TicketStatus:
    """What a buyer meets, in the order of the checkout's own checks: event, organizer, window, stock."""
    if event.status == Event.Status.CANCELLED or event.ends_at <= now:
        return TicketStatus.ENDED
    if event.status == Event.Status.PAUSED or organization.is_flagged:
        return TicketStatus.PAUSED
    if ticket_type.price_amount and not can_be_paid(account):
        is_waiting = account is None or account.state in NOT_CONNECTED
        return TicketStatus.COMING_SOON if is_waiting else TicketStatus.PAUSED
    if ticket_type.sales_start and now < ticket_type.sales_start:
        return TicketStatus.NOT_STARTED
    if ticket_type.stopped_at or (ticket_type.sales_end and now >= ticket_type.sales_end):
        return TicketStatus.ENDED
    if available(ticket_type, event) < ticket_type.min_per_order:
        return TicketStatus.SOLD_OUT
    return TicketStatus.ON_SALE


def is_payment_ready(
    ticket_type: TicketType, account: ConnectedAccount | None, organization: Organization
) -> bool:
    """Whether a payment for this ticket type could be taken now; a free one needs none."""
    return not organization.is_flagged and (ticket_type.price_amount == 0 or can_be_paid(account))


def fee_absorption_of(event: Event) -> str:
    """Who bears the fees of new orders: the event's own choice, else its organization's."""
    if event.fee_absorption:
        return event.fee_absorption
    try:
        return event.organization.payment_settings.fee_absorption
    except PaymentSettings.DoesNotExist:
        return FeeAbsorption.ABSORB.value


def can_be_paid(account: ConnectedAccount | None) -> bool:
    return account is not None and account.can_sell


def available(ticket_type: TicketType, event: Event) -> int:
    """How many tickets of the type can still be bought, by its own capacity and the event's."""
    left = ticket_type.available
    if event.capacity is not None:
        left = min(left, event.capacity - event.held - event.sold)
    return max(left, 0)


def check_sale(
    event: Event, wanted: Sequence[Wanted], account: ConnectedAccount | None, *, now: datetime
) -> None:
    """Refuse what can't be sold now, in the contract's order: event, organizer, window, quantity, stock.

    Raises EventNotOnSale, SalesClosed, SalesHalted, SalesNotStarted, SalesEnded, QuantityOutOfRange, TicketSoldOut.
    The stock counts as it was read; only the hold itself (services/stock) decides.
    """
    if event.status != Event.Status.PUBLISHED:
        raise EventNotOnSale
    check_organizer(
        event.organization, account, is_paid=any(item.ticket_type.price_amount for item in wanted)
    )
    for item in wanted:
        _check_window(event, item.ticket_type, now)
    check_quantities(wanted)
    for item in wanted:
        check_stock(item.ticket_type, event, item.quantity)


def check_organizer(organization: Organization, account: ConnectedAccount | None, *, is_paid: bool) -> None:
    """The sales gate: raises SalesHalted or SalesClosed. A flagged organization sells nothing, free tickets too."""
    if organization.is_flagged:
        raise SalesHalted
    if not is_paid or can_be_paid(account):
        return
    if account is None or account.state in NOT_CONNECTED:
        raise SalesClosed
    raise SalesHalted


def check_quantities(wanted: Sequence[Wanted]) -> None:
    """Raise QuantityOutOfRange unless each ticket type's own limits are kept."""
    if not wanted:
        raise QuantityOutOfRange
    for item in wanted:
        lowest, highest = item.ticket_type.min_per_order, item.ticket_type.max_per_order
        if not lowest <= item.quantity <= highest:
            raise QuantityOutOfRange(
                _("Choose %(lowest)s to %(highest)s tickets of %(name)s.")
                % {"lowest": lowest, "highest": highest, "name": item.ticket_type.name}
            )


def check_stock(ticket_type: TicketType, event: Event, quantity: int) -> None:
    """Raise TicketSoldOut, with what is left in words, when fewer than `quantity` are available."""
    left = available(ticket_type, event)
    if left >= quantity:
        return
    if left == 0:
        raise TicketSoldOut(_("Sorry, %(name)s is sold out: 0 available.") % {"name": ticket_type.name})
    raise TicketSoldOut(
        _("Only %(left)s available of %(name)s. Choose fewer tickets.")
        % {"left": left, "name": ticket_type.name}
    )


def _check_window(event: Event, ticket_type: TicketType, now: datetime) -> None:
    if ticket_type.sales_start and now < ticket_type.sales_start:
        raise SalesNotStarted(
            _("Sales start on %(when)s.") % {"when": event_time(ticket_type.sales_start, event.timezone)}
        )
    if ticket_type.stopped_at:
        raise SalesEnded(_("Sales of %(name)s have ended.") % {"name": ticket_type.name})
    ended_at = min(filter(None, (ticket_type.sales_end, event.ends_at)))
    if now >= ended_at:
        raise SalesEnded(_("Sales ended on %(when)s.") % {"when": event_time(ended_at, event.timezone)})
