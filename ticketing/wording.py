"""What buyers read: checkout errors, each with a next step, and where the money of a cancelled event is."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from maly.errors import MalyError
from maly.money import format_amount
from ticketing.models import CancelledOrder, Order, Refund


@dataclass(frozen=True)
class Problem:
    """What went wrong, and what the buyer can do now."""

    words: str
    next_step: str = ""


def problem_of(error: MalyError) -> Problem:
    """The words of an error's code; one without words of its own says what the service said."""
    steps = {
        "ORGANIZER_NOT_CONNECTED": (
            _("Tickets are not yet available for purchase. Please check back later."),
            _("Your details stay here if you want to try again in a while."),
        ),
        "ORGANIZER_ACCOUNT_RESTRICTED": (
            _("Ticket sales are temporarily paused. Please try again later."),
            _("Nothing was charged. Tickets already bought stay valid."),
        ),
        "TICKET_SOLD_OUT": (
            _("Sorry, this ticket type is sold out."),
            _("Choose another ticket, or look again in half an hour: unpaid tickets come back."),
        ),
        "RESERVATION_EXPIRED": (
            _("Your reservation has expired. Please try again."),
            _("No money was taken. Start again from the event; your details are kept."),
        ),
        "PAYMENT_FAILED": (
            _("Payment was declined. Please try a different payment method."),
            _("No money was taken."),
        ),
        "EVENT_NOT_ON_SALE": (_("This event is not on sale at the moment."), _("Its page says more.")),
        "SALES_NOT_STARTED": (error.detail, _("Come back when sales start.")),
        "SALES_ENDED": (_("Sales of this ticket have ended."), _("Choose another ticket if there is one.")),
        "STRIPE_UNAVAILABLE": (
            _("We can’t reach the payment page right now."),
            _("Nothing was charged. Wait a minute, then press the button again: you won’t pay twice."),
        ),
    }
    words, next_step = steps.get(error.code, (error.detail, ""))
    return Problem(words, next_step)


def news_of_cancelled(order: Order, row: CancelledOrder | None) -> str:
    """Where the money of an order is whose event was cancelled: what has happened, never what we hope."""
    is_over = row is not None and row.state == CancelledOrder.State.NOTHING_TO_REFUND
    if order.status == Order.Status.DISPUTED and is_over:
        return _("You don’t need to come. Your bank has given you the money back.")
    if order.status == Order.Status.DISPUTED:
        return _("Your bank decides about this payment, since you disputed it.")
    if not order.total_amount:
        return _("You don’t need to come. You paid nothing, so there is nothing to send back.")
    if row is not None and row.state == CancelledOrder.State.NEEDS_STAFF:
        return _(
            "You don’t need to come. Something stopped your refund, and we are looking into it. You have nothing to do."
        )
    refunded = {"amount": format_amount(order.refunded_amount, order.currency)}
    is_back = order.status == Order.Status.REFUNDED and order.refunded_amount
    if is_back and not order.refunds.filter(status=Refund.Status.OTHERWISE).exists():
        return _("Your money is on its way back: %(amount)s, 5–10 working days to your card.") % refunded
    if is_over or is_back:
        return _("You don’t need to come. Your money was sent back to you another way.")
    left = {"amount": format_amount(order.total_amount - order.refunded_amount, order.currency)}
    return (
        _(
            "You don’t need to come. We are refunding %(amount)s to you and write to you once it is on its way."
        )
        % left
    )
