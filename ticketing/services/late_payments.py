"""Money that came too late: it goes back in full, with the transfer and the application fee, and the buyer is told."""

from ticketing.models import Order, Payment, Refund
from ticketing.services.refund_plans import plan_refund
from ticketing.services.refundable import read_money
from ticketing.services.refunds import write_refund


def write_late_refund(order: Order, payment: Payment) -> Refund:
    """Write the refund of a late payment in the transaction that receives it; `carry_out_refund` goes on with it."""
    plan = plan_refund(read_money(order, payment), live=[], gives_fee_back=True)
    return write_refund(
        order,
        payment,
        plan,
        origin=Refund.Origin.LATE_PAYMENT,
        reason="Paid when there was no ticket to be had any more.",
    )
