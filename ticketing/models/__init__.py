"""What is sold (`sales`), what is paid (`payments`), what goes back, and what goes to organizers once more."""

from ticketing.models.accents import Accent
from ticketing.models.addresses import FormerAddress
from ticketing.models.cancellations import CancelledOrder, EventCancellation
from ticketing.models.check_ins import CheckIn, DoorLink
from ticketing.models.disputes import Dispute
from ticketing.models.listings import EventListing
from ticketing.models.payments import Payment
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
    Ticket,
    TicketType,
    make_order_code,
    make_ticket_code,
    make_ticket_type_id,
)
from ticketing.models.transfers import OrganizerTransfer

__all__ = [
    "Accent",
    "ApplicationFeeRefund",
    "CancelledOrder",
    "CheckIn",
    "Dispute",
    "DoorLink",
    "Event",
    "EventCancellation",
    "EventListing",
    "FormerAddress",
    "Order",
    "OrderLine",
    "OrganizerReceivable",
    "OrganizerTransfer",
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
