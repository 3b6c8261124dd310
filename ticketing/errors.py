"""Why something about events, stock, checkout or tickets cannot be done."""

from maly.errors import MalyError


class EventNotOnSale(MalyError):
    """Raised when the event sells nothing: paused, cancelled or not published."""

    code = "EVENT_NOT_ON_SALE"
    status = 409
    message = "This event isn't on sale. Check its page for news."


class SalesClosed(MalyError):
    """Raised when the organizer can't be paid yet, in words for a buyer."""

    code = "ORGANIZER_NOT_CONNECTED"
    status = 409
    message = "Tickets are not yet available for purchase. Please check back later."


class SalesHalted(MalyError):
    """Raised when the organizer's Stripe account is restricted or staff flagged it, in words for a buyer."""

    code = "ORGANIZER_ACCOUNT_RESTRICTED"
    status = 409
    message = "Ticket sales are temporarily paused. Please try again later."


class SalesNotStarted(MalyError):
    """Raised before a ticket type's sales start."""

    code = "SALES_NOT_STARTED"
    status = 409
    message = "Sales haven't started yet."


class SalesEnded(MalyError):
    """Raised after a ticket type's sales have ended, or the event has."""

    code = "SALES_ENDED"
    status = 409
    message = "Sales have ended."


class QuantityOutOfRange(MalyError):
    """Raised for fewer or more tickets than one order may have."""

    code = "QUANTITY_OUT_OF_RANGE"
    status = 400
    message = "Choose how many tickets you want."


class TicketSoldOut(MalyError):
    """Raised when fewer tickets are left than were asked for; the message says how many."""

    code = "TICKET_SOLD_OUT"
    status = 409
    message = "Sorry, this ticket type is sold out."


class ReservationExpired(MalyError):
    """Raised when an order can't be paid any more and its tickets can't be held anew."""

    code = "RESERVATION_EXPIRED"
    status = 409
    message = "Your reservation has expired. Please try again."


class PaymentFailed(MalyError):
    """Raised when the payment can't go on; nothing was charged."""

    code = "PAYMENT_FAILED"
    status = 409
    message = "Payment was declined. Please try a different payment method."


class EventNotReady(MalyError):
    """Raised when an event can't be published as it is; the message says what is missing."""

    code = "EVENT_NOT_READY"
    status = 409
    message = "Add a ticket type before you publish the event."


class EventCancelled(MalyError):
    """Raised when a cancelled event is to be changed."""

    code = "EVENT_CANCELLED"
    status = 409
    message = "A cancelled event can't be changed."


class CurrencyFixed(MalyError):
    """Raised when the currency of an event that has ticket types is to be changed."""

    code = "CURRENCY_FIXED"
    status = 409
    message = "The currency can't change once the event has ticket types. Make a new event instead."


class CapacityBelowSold(MalyError):
    """Raised when a capacity would be less than what is sold or held."""

    code = "CAPACITY_BELOW_SOLD"
    status = 409
    message = "The capacity can't be less than what is sold or held."


class TicketNotValid(MalyError):
    """Raised when a QR's text isn't a ticket of this event that we signed."""

    code = "TICKET_NOT_VALID"
    status = 400
    message = "This isn't a ticket of this event."


class NothingToRefund(MalyError):
    """Raised when no money of an order, or of the tickets that were chosen, can go back."""

    code = "NOTHING_TO_REFUND"
    status = 409
    message = "Nothing is left to refund: everything that was paid has gone back, or it was free."


class RefundTooLarge(MalyError):
    """Raised when more is to go back than is left; the message says how much that is."""

    code = "REFUND_TOO_LARGE"
    status = 409
    message = "That is more than is left to refund."


class TicketAlreadyRefunded(MalyError):
    """Raised when a chosen ticket is cancelled, or another refund is cancelling it."""

    code = "TICKET_ALREADY_REFUNDED"
    status = 409
    message = "This ticket is refunded already. Choose other tickets."


class OrderNotRefundable(MalyError):
    """Raised when an order was never paid, or is disputed: the bank decides about that money."""

    code = "ORDER_NOT_REFUNDABLE"
    status = 409
    message = "Only a paid order can be refunded."


class RefundUnderWay(MalyError):
    """Raised while Stripe is asked about another refund of the same order."""

    code = "REFUND_UNDER_WAY"
    status = 409
    message = "Another refund of this order is under way. Look at it in a minute, then try again."


class RefundNeedsStaff(MalyError):
    """Raised while staff look into an earlier refund of the order that failed."""

    code = "REFUND_NEEDS_STAFF"
    status = 409
    message = "An earlier refund of this order failed, and we are looking into it. Nothing was refunded now."


class RefundRefused(MalyError):
    """Raised when Stripe refused a refund; the message carries its words. Nothing was refunded."""

    code = "REFUND_REFUSED"
    status = 409
    message = "Stripe refused the refund. Nothing was refunded."
