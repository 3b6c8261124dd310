"""Refunds that nobody asked for here: made in Stripe's dashboard, found by an event or a sweep, put before staff."""

from collections.abc import Sequence

from django.db.models import Sum

from connect.stripe_objects import Moved
from connect.stripe_objects import Refund as StripeRefund
from maly.money import format_amount, share_of
from ticketing.models import Order, Payment, Refund
from ticketing.services.refundable import ACTIVE, hold_tickets, live_tickets, read_money


def write_foreign_refund(
    order: Order, payment: Payment, answer: StripeRefund, fees: Sequence[Moved]
) -> Refund:
    """Write a row for a refund of Stripe's dashboard, order and payment locked; what it settles is in proportion.

    One that leaves nothing cancels the order's tickets. Where the transfer wasn't reversed, the organizer's part is a
    receivable that waits for staff to say that it shall be taken.
    """
    money = read_money(order, payment)
    fee_part = min(money.fee_left, share_of(money.fee_left, answer.amount, money.left))
    is_reversed = answer.reversal is not None
    given = fees[0].amount if fees and is_reversed else 0
    if not is_reversed and order.fee_terms.get("refunds_platform_fee"):
        given = fee_part
    refund = Refund.objects.create(
        order=order,
        payment=payment,
        origin=Refund.Origin.STRIPE,
        status=Refund.Status.PENDING,
        stripe_refund_id=answer.id,
        currency=answer.currency,
        amount=answer.amount,
        organizer_part_amount=min(answer.amount - fee_part, money.organizer_left),
        fee_part_amount=fee_part,
        fee_amount=given,
        processing_part_amount=min(
            fee_part, share_of(order.processing_fee_amount, fee_part, payment.application_fee_amount)
        ),
        reverse_transfer=is_reversed,
        refund_application_fee=is_reversed and bool(fees),
        reason="",
        needs_staff=True,
    )
    if answer.amount >= money.charge_at_stripe:
        hold_tickets(refund, live_tickets(order))
    refund.staff_reason = _in_words(refund) + _excess_in_words(payment, refund)
    return refund


def _excess_in_words(payment: Payment, refund: Refund) -> str:
    """Stripe knows nothing of the fee that our books gave back without a reversal, and may give it once more."""
    active = payment.refunds.filter(status__in=ACTIVE).aggregate(total=Sum("fee_amount", default=0))
    excess = active["total"] - payment.application_fee_amount
    if not refund.reverse_transfer or excess <= 0:
        return ""
    amount = format_amount(min(excess, refund.fee_amount), refund.currency)
    return f" Stripe gave {amount} more of the fee than was left by our books: the organizer has it."


def _in_words(refund: Refund) -> str:
    words = ["Made in Stripe's dashboard."]
    if not refund.reverse_transfer:
        owed = format_amount(refund.from_organizer_amount, refund.currency)
        words.append(
            f"The organizer's transfer was not reversed: release its receivable to take {owed} from it."
        )
    if not refund.voided.exists():
        words.append("No ticket was cancelled.")
    return " ".join(words)
