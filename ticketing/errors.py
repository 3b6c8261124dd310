"""Why something about events, stock, checkout or tickets cannot be done."""

from django.utils.translation import gettext_lazy as _

from accounts.errors import PremiumRequired
from maly.errors import Invalid, MalyError


class EventNotOnSale(MalyError):
    """Raised when the event sells nothing: paused, cancelled or not published."""

    code = "EVENT_NOT_ON_SALE"
    status = 409
    message = _("This event isn't on sale. Check its page for news.")


class SalesClosed(MalyError):
    """Raised when the organizer can't be paid yet, in words for a buyer."""

    code = "ORGANIZER_NOT_CONNECTED"
    status = 409
    message = _("Tickets are not yet available for purchase. Please check back later.")


class SalesHalted(MalyError):
    """Raised when the organizer's Stripe account is restricted or staff flagged it, in words for a buyer."""

    code = "ORGANIZER_ACCOUNT_RESTRICTED"
    status = 409
    message = _("Ticket sales are temporarily paused. Please try again later.")


class SalesNotStarted(MalyError):
    """Raised before a ticket type's sales start."""

    code = "SALES_NOT_STARTED"
    status = 409
    message = _("Sales haven't started yet.")


class SalesEnded(MalyError):
    """Raised after a ticket type's sales have ended, or the event has."""

    code = "SALES_ENDED"
    status = 409
    message = _("Sales have ended.")


class QuantityOutOfRange(MalyError):
    """Raised for fewer or more tickets than one order may have."""

    code = "QUANTITY_OUT_OF_RANGE"
    status = 400
    message = _("Choose how many tickets you want.")


class TicketSoldOut(MalyError):
    """Raised when fewer tickets are left than were asked for; the message says how many."""

    code = "TICKET_SOLD_OUT"
    status = 409
    message = _("Sorry, this ticket type is sold out.")


class ReservationExpired(MalyError):
    """Raised when an order can't be paid any more and its tickets can't be held anew."""

    code = "RESERVATION_EXPIRED"
    status = 409
    message = _("Your reservation has expired. Please try again.")


class PaymentFailed(MalyError):
    """Raised when the payment can't go on; nothing was charged."""

    code = "PAYMENT_FAILED"
    status = 409
    message = _("Payment was declined. Please try a different payment method.")


class EventNotReady(MalyError):
    """Raised when an event can't be published as it is; the message says what is missing."""

    code = "EVENT_NOT_READY"
    status = 409
    message = _("Add a ticket type before you publish the event.")


class EventCancelled(MalyError):
    """Raised when a cancelled event is to be changed."""

    code = "EVENT_CANCELLED"
    status = 409
    message = _("A cancelled event can't be changed.")


class CurrencyFixed(MalyError):
    """Raised when the currency of an event that has ticket types is to be changed."""

    code = "CURRENCY_FIXED"
    status = 409
    message = _("The currency can't change once the event has ticket types. Make a new event instead.")


class CapacityBelowSold(MalyError):
    """Raised when a capacity would be less than what is sold or held."""

    code = "CAPACITY_BELOW_SOLD"
    status = 409
    message = _("The capacity can't be less than what is sold or held.")


class EventChanged(MalyError):
    """Raised when an event was saved by somebody else since the caller read it; nothing is saved."""

    code = "EVENT_CHANGED"
    status = 409
    message = _("Somebody else changed this event while you were editing it. Nothing of yours is saved yet.")


class TicketTypeChanged(MalyError):
    """Raised when a ticket type was saved by somebody else since the caller read it; nothing is saved."""

    code = "TICKET_TYPE_CHANGED"
    status = 409
    message = _("Somebody else changed this ticket while you were editing it. Nothing of yours is saved yet.")


class AddressFixed(PremiumRequired):
    """Raised when the address of an event that has sold a ticket is to be changed: buyers have the link."""

    message = _(
        "The web address can't change once a ticket is sold: buyers have the link. "
        "With Premium it can, and the old address leads to the new one."
    )


class AddressTaken(Invalid):
    """Raised when another event has the web address, or had it and still leads there."""

    message = _("Another event has this web address. Choose another.")


class TicketTypeInUse(MalyError):
    """Raised when a ticket type that somebody has ordered is to be removed."""

    code = "TICKET_TYPE_IN_USE"
    status = 409
    message = _("Somebody has ordered this ticket, so it can't be removed. Stop selling it instead.")


class TicketNotValid(MalyError):
    """Raised when a QR's text isn't a ticket of this event that we signed."""

    code = "TICKET_NOT_VALID"
    status = 400
    message = _("This isn't a ticket of this event.")


class UndoTooLate(MalyError):
    """Raised when a check-in is to be taken back after ten seconds, or after its ticket was cancelled."""

    code = "UNDO_TOO_LATE"
    status = 409
    message = _("A check-in can be undone for 10 seconds. This one stands.")


class NothingToRefund(MalyError):
    """Raised when no money of an order, or of the tickets that were chosen, can go back."""

    code = "NOTHING_TO_REFUND"
    status = 409
    message = _("Nothing is left to refund: everything that was paid has gone back, or it was free.")


class RefundTooLarge(MalyError):
    """Raised when more is to go back than is left; the message says how much that is."""

    code = "REFUND_TOO_LARGE"
    status = 409
    message = _("That is more than is left to refund.")


class TicketAlreadyRefunded(MalyError):
    """Raised when a chosen ticket is cancelled, or another refund is cancelling it."""

    code = "TICKET_ALREADY_REFUNDED"
    status = 409
    message = _("This ticket is refunded already. Choose other tickets.")


class TicketNotCancellable(MalyError):
    """Raised when a ticket is to be cancelled without a refund that can't be; the message says why."""

    code = "TICKET_NOT_CANCELLABLE"
    status = 409
    message = _("This ticket can't be cancelled. Look at its order.")


class OrderNotRefundable(MalyError):
    """Raised when an order was never paid, or is disputed: the bank decides about that money."""

    code = "ORDER_NOT_REFUNDABLE"
    status = 409
    message = _("Only a paid order can be refunded.")


class RefundUnderWay(MalyError):
    """Raised while Stripe is asked about another refund of the same order."""

    code = "REFUND_UNDER_WAY"
    status = 409
    message = _("Another refund of this order is under way. Look at it in a minute, then try again.")


class RefundNeedsStaff(MalyError):
    """Raised while staff look into an earlier refund of the order that failed."""

    code = "REFUND_NEEDS_STAFF"
    status = 409
    message = _(
        "An earlier refund of this order failed, and we are looking into it. Nothing was refunded now."
    )


class RefundRefused(MalyError):
    """Raised when Stripe refused a refund; the message carries its words. Nothing was refunded."""

    code = "REFUND_REFUSED"
    status = 409
    message = _("Stripe refused the refund. Nothing was refunded.")


class NothingTaken(MalyError):
    """Raised when an organizer is to be made whole from whom nothing was taken in vain."""

    code = "NOTHING_TAKEN"
    status = 409
    message = _("Nothing is missing on the organizer's side for this refund.")


class OrganizerNotWhole(MalyError):
    """Raised when a failed refund is to be settled while what it took from the organizer is still with us."""

    code = "ORGANIZER_NOT_WHOLE"
    status = 409
    message = _("The organizer is still owed what was taken for this refund. Make it whole first.")


class NothingOwed(MalyError):
    """Raised when more is to be written off than an organizer still owes."""

    code = "NOTHING_OWED"
    status = 409
    message = _("The organizer doesn't owe that much any more. Look again.")


class RecoveryUnderWay(MalyError):
    """Raised while Stripe is asked to take what is to be written off."""

    code = "RECOVERY_UNDER_WAY"
    status = 409
    message = _("A part of it is being taken from the organizer right now. Try again in a minute.")


class DisputeDecided(MalyError):
    """Raised when a dispute that the bank has decided is to be answered."""

    code = "DISPUTE_DECIDED"
    status = 409
    message = _("The bank has decided this dispute. Nothing can be sent to it any more.")


class DisputeAnswered(MalyError):
    """Raised when a dispute that was answered is to be answered, or its evidence changed: banks read it once."""

    code = "DISPUTE_ANSWERED"
    status = 409
    message = _(
        "This dispute is answered already: banks read evidence once, and it can't be changed afterwards."
    )


class DisputeTooLate(MalyError):
    """Raised after the day until which Stripe takes evidence."""

    code = "DISPUTE_TOO_LATE"
    status = 409
    message = _("The time to answer this dispute has passed. The bank decides without our evidence.")


class DraftChanged(MalyError):
    """Raised when a dispute's draft is saved or sent by whoever was shown an older one."""

    code = "DRAFT_CHANGED"
    status = 409
    message = _(
        "Somebody else has changed the draft since. Nothing of yours was saved or sent: compare the two."
    )


class DisputeAnswerRefused(MalyError):
    """Raised when Stripe refused an answer; the message carries its words. Nothing was sent to the bank."""

    code = "DISPUTE_ANSWER_REFUSED"
    status = 409
    message = _("Stripe refused the answer. Nothing was sent to the bank.")


class EvidenceTooLong(MalyError):
    """Raised when a text, or all of them together, is longer than Stripe takes."""

    code = "EVIDENCE_TOO_LONG"
    status = 400
    message = _("Shorten the evidence: a text may have 20,000 characters, all of them together 150,000.")


class NotInReview(MalyError):
    """Raised when staff decide about a payment that isn't theirs to decide about (any more)."""

    code = "NOT_IN_REVIEW"
    status = 409
    message = _("This payment needs nobody. Look at it again.")


class ReviewNotOver(MalyError):
    """Raised when a payment in review can't be accepted or closed; the message says what is in the way."""

    code = "REVIEW_NOT_OVER"
    status = 409
    message = _("Money of this payment is still here. Refund it first.")


class NotPayable(MalyError):
    """Raised when a refund is to be paid past Stripe that hasn't failed, or whose organizer was made whole."""

    code = "NOT_PAYABLE"
    status = 409
    message = _("Only a failed refund whose money is still with us can be paid another way.")


class NoTickets(MalyError):
    """Raised when the tickets of an order are to be sent or changed and none of them counts."""

    code = "NO_TICKETS"
    status = 409
    message = _("This order has no valid ticket, so there is nothing to send.")


class EmailFixed(MalyError):
    """Raised when a buyer can't change the order's address (any more) by themselves; the message says why."""

    code = "EMAIL_FIXED"
    status = 409
    message = _(
        "The address can't change after the first person was let in or the event is over. Ask the organizer."
    )


class LinkExpired(MalyError):
    """Raised for a link to somebody's tickets that is too old, or that we never sent."""

    code = "LINK_EXPIRED"
    status = 410
    message = _("This link has expired: it works for 15 minutes. Ask for a new one.")
