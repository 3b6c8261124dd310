"""What disputes make of an order: disputed while the bank has its money, as before when won, over when lost."""

from collections import Counter

from django.db.models import Q

from ticketing.models import Dispute, Order, Payment, Refund, RefundTicket, Ticket
from ticketing.services.refundable import GONE, status_by_refunds

OPEN = (Dispute.Status.NEEDS_RESPONSE, Dispute.Status.UNDER_REVIEW)
PAID_FOR = (Order.Status.PAID, Order.Status.PARTLY_REFUNDED, Order.Status.REFUNDED, Order.Status.DISPUTED)


def follow_disputes(order: Order) -> None:
    """Bring a locked order's status to what the disputes of the payment that paid for it say; inquiries say nothing."""
    if order.status not in PAID_FOR:
        return
    claims = Q(status__in=OPEN) | Q(status__in=GONE, withdrawn_amount__gt=0, reinstated_amount=0)
    before = order.status
    if any(pays_for(each.payment) for each in order.disputes.filter(claims).select_related("payment")):
        order.status = Order.Status.DISPUTED
    elif order.status == Order.Status.DISPUTED:
        order.status = status_by_refunds(order)
    if order.status != before:
        order.save(update_fields=["status"])


def pays_for(payment: Payment) -> bool:
    """Whether a payment is what its order's tickets were bought with: not one that came late, nor one in review."""
    is_late = payment.refunds.filter(origin=Refund.Origin.LATE_PAYMENT).exists()
    return payment.status == Payment.Status.SUCCEEDED and not is_late


def cancel_tickets(order: Order) -> Counter[int]:
    """Cancel a locked order's tickets that nobody has used; how many of which ticket type. Stock is the caller's.

    Whoever is checked in was there. A ticket that a refund holds is the refund's to cancel.
    """
    held = RefundTicket.objects.filter(
        is_live=True, ticket__order=order, refund__status=Refund.Status.REQUESTED
    ).values("ticket_id")
    voided = list(order.tickets.filter(status=Ticket.Status.VALID).exclude(pk__in=held))
    for ticket in voided:
        ticket.status = Ticket.Status.CANCELLED
        if ticket.paid_amount:
            ticket.payment_status = Ticket.PaymentStatus.REFUNDED
    Ticket.objects.bulk_update(voided, ["status", "payment_status"])
    return Counter(ticket.ticket_type_id for ticket in voided)
