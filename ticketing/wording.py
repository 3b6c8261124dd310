"""Checkout errors in the words that buyers read, each with a next step."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from maly.errors import MalyError


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
