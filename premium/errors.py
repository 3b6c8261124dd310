"""What may go wrong with somebody's Premium."""

from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError


class AlreadySubscribed(MalyError):
    """Raised when somebody who has a subscription asks for another."""

    code = "ALREADY_SUBSCRIBED"
    status = 409
    message = _("You already have Premium. Change or cancel it in your billing settings.")


class NotSubscribed(MalyError):
    """Raised when something needs a living subscription and there is none."""

    code = "NOT_SUBSCRIBED"
    status = 409
    message = _("You don't have Premium now. Choose a plan to subscribe.")


class PaymentOverdue(MalyError):
    """Raised when a subscription can't be changed before its open invoice is paid."""

    code = "PAYMENT_OVERDUE"
    status = 409
    message = _("The last payment for Premium failed. Update your card and pay it first.")


class EndsSoon(MalyError):
    """Raised when the plan of a subscription that is to end is to be changed: that would make it go on."""

    code = "ENDS_SOON"
    status = 409
    message = _("You cancelled Premium. Keep it first, then change the plan.")


class SamePlan(MalyError):
    """Raised when somebody wants to change to the plan that they are on."""

    code = "SAME_PLAN"
    status = 409
    message = _("You are on this plan already.")


class OfferExpired(MalyError):
    """Raised when a change of plan was shown too long ago, or the subscription has changed since."""

    code = "OFFER_EXPIRED"
    status = 409
    message = _("This offer isn't valid any more. Look at the change once more, then confirm it.")


class CardRefused(MalyError):
    """Raised when the charge for a change of plan failed: nothing has changed."""

    code = "PAYMENT_FAILED"
    status = 409
    message = _("Your card was declined, so your plan hasn't changed. Update your card and try again.")
