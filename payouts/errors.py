"""Why something about payouts can't be done."""

from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError


class BalanceInsufficient(MalyError):
    """Raised when the available balance doesn't cover the payout that was asked for."""

    code = "BALANCE_INSUFFICIENT"
    status = 409
    message = _(
        "The available balance doesn't cover this payout. Ask for less, or wait until pending sales settle."
    )


class PayoutScheduleNotManual(MalyError):
    """Raised when a payout is asked for while Stripe makes them by itself."""

    code = "PAYOUT_SCHEDULE_NOT_MANUAL"
    status = 409
    message = _("Stripe pays this organization out by its schedule. Set the schedule to manual first.")


class PayoutUnderWay(MalyError):
    """Raised when another payout in the currency has been asked for and its outcome isn't known yet."""

    code = "PAYOUT_UNDER_WAY"
    status = 409
    message = _("Another payout is being asked for right now. Try again in a minute.")


class PayoutsHeld(MalyError):
    """Raised when a payout or another schedule is asked for while payouts wait until after the events."""

    code = "PAYOUTS_HELD"
    status = 409
    message = _("Payouts of this organization are held until after its events.")
