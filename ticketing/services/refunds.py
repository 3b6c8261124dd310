"""Giving money back: planned under the order's lock, written down with its key, then carried out.

An order's refunds go one after the other: while Stripe is asked about one, another is refused. So what was planned is
what Stripe does, and together they never exceed what was paid, nor the fee given back the fee.
"""

import hashlib
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from accounts.services import audit
from maly.crash import crash_point
from ticketing.errors import (
    OrderNotRefundable,
    RefundNeedsStaff,
    RefundRefused,
    RefundUnderWay,
    TicketAlreadyRefunded,
)
from ticketing.models import Order, Payment, Refund, Ticket
from ticketing.services.orders import lock_order
from ticketing.services.refund_attempts import carry_out_refund
from ticketing.services.refund_plans import RefundPlan, plan_refund
from ticketing.services.refundable import hold_tickets, live_tickets, read_money

REFUNDABLE = (Order.Status.PAID, Order.Status.PARTLY_REFUNDED, Order.Status.REFUNDED)
# A cancelled event's refunds are made by its job, in the name of whoever cancelled it.
_ACTOR_KINDS: dict[str, str] = {
    Refund.Origin.STAFF: AuditEntry.Actor.STAFF,
    Refund.Origin.EVENT_CANCELLED: AuditEntry.Actor.SWEEP,
}
DISPUTED = "This order is disputed: the buyer's bank decides about its money. Answer the dispute instead."


def preview_refund(
    order: Order,
    *,
    tickets: Sequence[str] | None = None,
    amount: int | None = None,
    refund_application_fee: bool | None = None,
) -> RefundPlan:
    """What `request_refund` would do now, in minor units of the order's currency; nothing is written or asked.

    Raises what planning raises: OrderNotRefundable, NothingToRefund, RefundTooLarge, TicketAlreadyRefunded, Invalid.
    """
    payment = find_payment(order)
    return _plan(order, payment, tickets, amount, refund_application_fee)


def request_refund(
    order: Order,
    *,
    actor: User,
    reason: str,
    tickets: Sequence[str] | None = None,
    amount: int | None = None,
    refund_application_fee: bool | None = None,
    restock: bool = True,
    note: str = "",
    origin: str = Refund.Origin.ORGANIZER,
    idempotency: tuple[str, str] | None = None,
) -> Refund:
    """Refund chosen tickets (by code), an amount (minor units), or all that is left; fee by the order's frozen terms.

    An outcome that isn't known yet leaves the refund requested: a sweep goes on with it. `idempotency` is the caller
    and the Idempotency-Key, so that a retry finds its refund. The buyer reads the `reason`; the `note` is for the
    organizer's team alone. Raises OrderNotRefundable, NothingToRefund, RefundTooLarge, TicketAlreadyRefunded,
    RefundUnderWay, RefundNeedsStaff, RefundRefused, Invalid.
    """
    request_key = _request_key(idempotency)
    with transaction.atomic():
        order = lock_order(order.pk)
        refund = _find_by_request(order, request_key)
        if refund is None:
            payment = Payment.objects.select_for_update().get(pk=find_payment(order).pk)
            check_nothing_under_way(payment)
            refund = write_refund(
                order,
                payment,
                _plan(order, payment, tickets, amount, refund_application_fee),
                origin=origin,
                actor=actor,
                reason=reason,
                note=note,
                restock=restock,
                request_key=request_key,
            )
    crash_point("refund.requested")
    refund = carry_out_refund(refund.pk)
    if refund.status == Refund.Status.REFUSED:
        raise RefundRefused(
            _("Stripe refused the refund: %(failure_reason)s Nothing was refunded.")
            % {"failure_reason": refund.failure_reason}
        )
    return refund


def find_refund(order: Order, *, idempotency: tuple[str, str]) -> Refund | None:
    """What an earlier request with this caller and key has made, whatever became of it."""
    return _find_by_request(order, _request_key(idempotency))


def write_refund(
    order: Order,
    payment: Payment,
    plan: RefundPlan,
    *,
    origin: str,
    actor: User | None = None,
    reason: str = "",
    note: str = "",
    restock: bool = True,
    request_key: str = "",
) -> Refund:
    """Write a planned refund with its key, its tickets and the audit entry; order and payment are locked."""
    refund = Refund.objects.create(
        order=order,
        payment=payment,
        origin=origin,
        idempotency_key=f"refund-{uuid.uuid4()}",
        currency=plan.currency,
        amount=plan.amount,
        organizer_part_amount=plan.organizer_part_amount,
        fee_part_amount=plan.fee_part_amount,
        fee_amount=plan.fee_amount,
        processing_part_amount=plan.processing_part_amount,
        reverse_transfer=plan.reverse_transfer,
        refund_application_fee=plan.refund_application_fee,
        restock=restock,
        reason=reason,
        note=note,
        actor=actor,
        request_key=request_key,
    )
    hold_tickets(refund, plan.tickets)
    audit.record(
        "order.refund_requested",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor=actor,
        actor_kind=_ACTOR_KINDS.get(origin),
        after={
            "refund": refund.code,
            "amount": plan.amount,
            "currency": plan.currency,
            "from_organizer_amount": plan.from_organizer_amount,
            "from_platform_amount": plan.from_platform_amount,
            "tickets": [ticket.code for ticket in plan.tickets],
        },
        reason=reason,
    )
    return refund


def check_nothing_under_way(payment: Payment) -> None:
    """Refuse a second refund while the first isn't decided; raises RefundUnderWay, RefundNeedsStaff."""
    is_under_way = (
        payment.refunds.filter(status=Refund.Status.REQUESTED).exists()
        or payment.fee_refunds.filter(status="requested").exists()
        or payment.reversals.filter(status="requested").exists()
    )
    if is_under_way:
        raise RefundUnderWay
    if payment.refunds.filter(status=Refund.Status.FAILED, needs_staff=True).exists():
        raise RefundNeedsStaff


def find_payment(order: Order) -> Payment:
    """The payment that paid the order; raises OrderNotRefundable."""
    if order.status == Order.Status.DISPUTED:
        raise OrderNotRefundable(DISPUTED)
    if order.status not in REFUNDABLE:
        raise OrderNotRefundable
    paid = order.payments.filter(status=Payment.Status.SUCCEEDED)
    payment = paid.exclude(refunds__origin=Refund.Origin.LATE_PAYMENT).first()
    if payment is None:
        raise OrderNotRefundable(_("Nothing was paid for this order, so nothing can be refunded."))
    return payment


def _plan(
    order: Order, payment: Payment, codes: Sequence[str] | None, amount: int | None, gives_back: bool | None
) -> RefundPlan:
    live = live_tickets(order)
    if gives_back is None:
        gives_back = bool(order.fee_terms.get("refunds_platform_fee"))
    return plan_refund(
        read_money(order, payment),
        live=live,
        chosen=None if codes is None else _choose(live, codes),
        amount=amount,
        gives_fee_back=gives_back,
    )


def _choose(live: list[Ticket], codes: Sequence[str]) -> list[Ticket]:
    known = {ticket.code: ticket for ticket in live}
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise TicketAlreadyRefunded(
            _("Ticket %(unknown)s isn't a valid ticket of this order: it may be refunded already.")
            % {"unknown": unknown[0][:20]}
        )
    return [known[code] for code in dict.fromkeys(codes)]


def _request_key(idempotency: tuple[str, str] | None) -> str:
    return hashlib.sha256("\n".join(idempotency).encode()).hexdigest() if idempotency else ""


def _find_by_request(order: Order, request_key: str) -> Refund | None:
    return order.refunds.filter(request_key=request_key).first() if request_key else None
