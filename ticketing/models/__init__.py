"""What is sold (`sales`) and what goes back (`refunds`)."""

from ticketing.models.refunds import (
    ApplicationFeeRefund,
    OrganizerReceivable,
    Refund,
    RefundTicket,
    TransferReversal,
)
from ticketing.models.sales import (
    Event,
    Order,
    OrderLine,
    Payment,
    Ticket,
    TicketType,
    make_order_code,
    make_ticket_code,
    make_ticket_type_id,
)

__all__ = [
    "ApplicationFeeRefund",
    "Event",
    "Order",
    "OrderLine",
    "OrganizerReceivable",
    "Payment",
    "Refund",
    "RefundTicket",
    "Ticket",
    "TicketType",
    "TransferReversal",
    "make_order_code",
    "make_ticket_code",
    "make_ticket_type_id",
]
