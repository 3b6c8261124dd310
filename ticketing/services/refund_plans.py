"""What a refund takes from whom, before it is made: pure arithmetic, the same for the preview and for the refund.

Every amount is minor units of the order's currency. A refund settles a part of what the buyer paid: the organizer's
part and the application fee's part. The fee's part is given back to the organizer, or kept; kept under pass_to_buyer
it stays with us and the buyer gets the face price only ("service fee not returned"). Of a cancelled event the buyer
gets everything: there the organizer bears a fee that is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from connect.models import FeeAbsorption
from maly.errors import Invalid
from maly.money import format_amount, get_currency, share_of
from ticketing.errors import NothingToRefund, RefundTooLarge
from ticketing.models import Order, Payment, Ticket


@dataclass(frozen=True, kw_only=True)
class RefundableMoney:
    """How far the refunds of a payment have gone, by our books (`…_left`) and at Stripe (`…_at_stripe`)."""

    currency: str
    organizer_left: int
    fee_left: int
    processing_left: int
    processing_total: int
    fee_total: int
    fee_is_on_top: bool
    charge_at_stripe: int
    fee_at_stripe: int
    transfer_at_stripe: int

    @property
    def left(self) -> int:
        return self.organizer_left + self.fee_left


@dataclass(frozen=True, kw_only=True)
class RefundPlan:
    """A refund as it will be: what the buyer gets, who pays it, which tickets it cancels, and what Stripe is told."""

    currency: str
    amount: int
    organizer_part_amount: int
    fee_part_amount: int
    fee_amount: int
    processing_part_amount: int
    reverse_transfer: bool
    refund_application_fee: bool
    tickets: tuple[Ticket, ...]

    @property
    def from_organizer_amount(self) -> int:
        return self.amount - self.fee_amount

    @property
    def from_platform_amount(self) -> int:
        return self.fee_amount

    @property
    def keeps_service_fee(self) -> bool:
        """Whether the buyer gets the face price only."""
        return self.amount < self.organizer_part_amount + self.fee_part_amount


@dataclass(frozen=True)
class _Parts:
    organizer: int
    fee: int
    processing: int | None = None


def plan_refund(
    money: RefundableMoney,
    *,
    live: Sequence[Ticket],
    chosen: Sequence[Ticket] | None = None,
    amount: int | None = None,
    gives_fee_back: bool,
    buyer_gets_all: bool = False,
) -> RefundPlan:
    """Plan a refund of the chosen tickets, of an amount, or of all that is left with the `live` tickets.

    By ticket the fee's part is what the tickets froze; by amount it is Stripe's proportion of what is left. A refund
    that leaves nothing cancels every ticket, any other those that were chosen. `buyer_gets_all`: a fee that isn't given
    back is the organizer's to bear, under pass_to_buyer too. Raises NothingToRefund, RefundTooLarge, Invalid.
    """
    keeps_service_fee = money.fee_is_on_top and not gives_fee_back and not buyer_gets_all
    if amount is not None:
        parts = _parts_of_amount(money, amount, keeps_service_fee=keeps_service_fee)
    elif chosen is not None:
        parts = _parts_of_tickets(money, chosen)
    else:
        parts = _Parts(money.organizer_left, money.fee_left, money.processing_left)
    # An order of which nothing is left has no valid ticket either, a free one included.
    tickets = tuple(live if parts.organizer + parts.fee == money.left else chosen or ())
    goes_back = parts.organizer if keeps_service_fee else parts.organizer + parts.fee
    if goes_back == 0:
        raise NothingToRefund
    return _with_flags(money, parts, goes_back, tickets, gives_fee_back=gives_fee_back)


def money_of(
    order: Order,
    payment: Payment,
    *,
    settled: dict[str, int],
    refunded_at_stripe: int,
    fee_back_at_stripe: int,
    reversed_at_stripe: int,
) -> RefundableMoney:
    """What is left of a payment; `settled` has the sums of its refunds: organizer, fee, processing."""
    return RefundableMoney(
        currency=payment.currency,
        organizer_left=payment.amount - payment.application_fee_amount - settled["organizer"],
        fee_left=payment.application_fee_amount - settled["fee"],
        processing_left=order.processing_fee_amount - settled["processing"],
        processing_total=order.processing_fee_amount,
        fee_total=payment.application_fee_amount,
        fee_is_on_top=order.fee_absorption == FeeAbsorption.PASS_TO_BUYER,
        charge_at_stripe=payment.amount - refunded_at_stripe,
        fee_at_stripe=payment.application_fee_amount - fee_back_at_stripe,
        transfer_at_stripe=payment.amount - reversed_at_stripe,
    )


def stripes_fee_part(money: RefundableMoney, amount: int) -> int:
    """How much of the application fee Stripe itself would give back with `amount`: in proportion to what is left."""
    return share_of(money.fee_at_stripe, amount, money.charge_at_stripe)


def _parts_of_amount(money: RefundableMoney, amount: int, *, keeps_service_fee: bool) -> _Parts:
    most = money.organizer_left if keeps_service_fee else money.left
    step = get_currency(money.currency).step
    if amount < 1 or amount % step:
        raise Invalid(
            _("An amount is a whole number of minor units, in steps of %(step)s.") % {"step": step},
            attr="amount",
        )
    if most == 0:
        raise NothingToRefund
    if amount > most:
        raise RefundTooLarge(
            _("At most %(amount)s is left to refund. Choose a smaller amount.")
            % {"amount": format_amount(most, money.currency)}
        )
    fee = share_of(money.fee_left, amount, most)
    return _Parts(amount if keeps_service_fee else amount - fee, fee)


def _parts_of_tickets(money: RefundableMoney, tickets: Sequence[Ticket]) -> _Parts:
    """The tickets' frozen parts, as far as refunds by amount have left them."""
    fee = sum(ticket.platform_fee_amount + ticket.processing_fee_amount for ticket in tickets)
    organizer = sum(ticket.organizer_amount for ticket in tickets)
    processing = sum(ticket.processing_fee_amount for ticket in tickets)
    return _Parts(min(organizer, money.organizer_left), min(fee, money.fee_left), processing)


def _with_flags(
    money: RefundableMoney, parts: _Parts, amount: int, tickets: tuple[Ticket, ...], *, gives_fee_back: bool
) -> RefundPlan:
    """Add what Stripe is told: its flag for the fee only where its own proportion is exactly what we want."""
    fee_amount = parts.fee if gives_fee_back else 0
    # Stripe reverses as much as is refunded, as far as the transfer has it. A refund that failed has used up some of
    # the transfer and of the fee there: what they don't have comes from our own transfer that made the organizer whole.
    reverse_transfer = amount <= money.transfer_at_stripe and fee_amount <= money.fee_at_stripe
    is_stripes_own = fee_amount > 0 and stripes_fee_part(money, amount) == fee_amount
    return RefundPlan(
        currency=money.currency,
        amount=amount,
        organizer_part_amount=parts.organizer,
        fee_part_amount=parts.fee,
        fee_amount=fee_amount,
        processing_part_amount=_processing_part(money, parts),
        reverse_transfer=reverse_transfer,
        refund_application_fee=reverse_transfer and is_stripes_own,
        tickets=tickets,
    )


def _processing_part(money: RefundableMoney, parts: _Parts) -> int:
    """What of the fee's part is recovered processing, so that both kinds come to 0 with the last refund."""
    wanted = parts.processing
    if wanted is None:
        wanted = share_of(money.processing_total, parts.fee, money.fee_total)
    platform_left = money.fee_left - money.processing_left
    return max(min(wanted, parts.fee, money.processing_left), parts.fee - platform_left)
