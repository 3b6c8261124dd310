"""Why something about Stripe or fees cannot be done; what the gateway and handlers of events raise."""

from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError


class StripeUnavailable(MalyError):
    """Raised when Stripe refused a call that should have worked, or could not be reached."""

    code = "STRIPE_UNAVAILABLE"
    status = 502
    message = _("Stripe can't be reached right now. Try again in a minute; nothing is done twice.")


class AlreadyConnected(MalyError):
    """Raised when an organization that has a Stripe account asks for another."""

    code = "ALREADY_CONNECTED"
    status = 409
    message = _("This organization already has a Stripe account. Ask for an account link to go on with it.")


class CountryNotSupported(MalyError):
    """Raised when accounts of a country can't be opened here."""

    code = "COUNTRY_NOT_SUPPORTED"
    status = 400
    message = _("Accounts of this country aren't supported yet.")


class OrganizerNotConnected(MalyError):
    """Raised when something needs the organization's Stripe account and there is none (any more)."""

    code = "ORGANIZER_NOT_CONNECTED"
    status = 409
    message = _("This organization isn't connected to Stripe. Connect it in the payment settings first.")


class OnboardingIncomplete(MalyError):
    """Raised when Stripe's dashboard is asked for before the details were submitted."""

    code = "ONBOARDING_INCOMPLETE"
    status = 409
    message = _("Stripe's dashboard opens once the account's details are submitted. Finish them first.")


class CurrencyNotSupported(MalyError):
    """Raised when the organization's plan has no fee terms in a currency."""

    code = "CURRENCY_NOT_SUPPORTED"
    status = 400
    message = _("Tickets can't be sold in this currency.")


class PriceBelowMinimum(MalyError):
    """Raised when a price is below Stripe's minimum, or doesn't cover its own fees."""

    code = "PRICE_BELOW_MINIMUM"
    status = 400
    message = _("The price is too low.")


class GatewayError(Exception):
    """What can go wrong in a call to Stripe. Its text never carries a key or a full account id."""


class GatewayUnavailable(GatewayError):
    """Raised when a call may have been done or not (timeout, 5xx): repeat it under its key."""


class GatewayBusy(GatewayUnavailable):
    """Raised when Stripe went on answering 429 until the tries were used up: the call was not done."""


class GatewayRefused(GatewayError):
    """Raised when Stripe refused a call for good (4xx): nothing was done; the same call stays refused."""

    def __init__(self, message: str, *, code: str = "", param: str = "", status: int = 400) -> None:
        self.message = message
        self.code = code
        self.param = param
        self.status = status
        super().__init__(message)


class SessionNotOpen(GatewayRefused):
    """Raised when a Checkout Session can't be expired, since it is complete or expired already."""


class BadSignature(Exception):
    """Raised when Stripe didn't sign a webhook's body with this endpoint's secret within 300 seconds."""


class BadWebhook(MalyError):
    """Raised when a webhook is refused: signature, body, age, livemode or scope."""

    code = "bad_webhook"
    status = 400
    message = _("This isn't an event that this endpoint takes.")


class NotYetKnown(Exception):
    """Raised by a webhook handler when its object isn't ours yet: the event is tried again later."""


class Ignored(Exception):
    """Raised by a webhook handler when there is nothing to do, and never will be; the text says why."""
