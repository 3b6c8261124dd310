"""From a Checkout Session to what it means for an order: the one place where an order becomes paid.

Webhook, return page and sweeps all call `settle_payment`: Stripe is asked what is so, our rows converge to it under the
order's lock. It may be called at any time, in any order, any number of times.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry
from connect import gateway
from connect.stripe_objects import Session
from maly.crash import crash_point
from ticketing import postings
from ticketing.models import Event, Order, OrderLine, Payment, Refund
from ticketing.services import stock
from ticketing.services.cancellation_orders import add_late_order
from ticketing.services.charges import note_charge
from ticketing.services.late_payments import write_late_refund
from ticketing.services.orders import UNDER_WAY, close_order, complete_order, lock_payment, quantities_of
from ticketing.services.refund_attempts import carry_out_refund
from ticketing.services.review_refunds import note_received
from ticketing.services.sessions import find_mismatch, keep_for_staff

logger = logging.getLogger(__name__)
# How long the next look at a delayed payment method waits; its result comes by webhook, days later.
DELAYED_LOOK = timedelta(minutes=30)


def settle_payment(session_id: str, *, actor_kind: str = AuditEntry.Actor.WEBHOOK) -> Order | None:
    """Converge the order of a Checkout Session to what Stripe says of it; None when it isn't a session of ours.

    Paid: the order is paid and its tickets exist, or, if its hold was freed and nothing is left, all of the money goes
    back. Expired: the hold is freed. Amount, currency, application fee and destination must be the order's, else the
    payment is kept for staff. Raises GatewayUnavailable, GatewayRefused.
    """
    session = gateway.retrieve_session(session_id)
    crash_point("settle.fetched")
    return apply_session(session, actor_kind=actor_kind)


def apply_session(session: Session, *, actor_kind: str) -> Order | None:
    """Converge to a session that was just fetched."""
    found = _find_payment(session)
    if found is None:
        return None
    with transaction.atomic():
        order, payment = lock_payment(found.pk, found.order_id)
        _converge(order, payment, session, actor_kind=actor_kind)
    crash_point("settle.committed")
    if late := payment.refunds.filter(
        status=Refund.Status.REQUESTED, origin=Refund.Origin.LATE_PAYMENT
    ).first():
        carry_out_refund(late.pk)
        order.refresh_from_db()
    return order


def note_decline(order_code: str, *, failure_code: str) -> bool:
    """Say on an unpaid order that the last try to pay it failed; its session stays open for another card.

    False when no order waits. Raises GatewayUnavailable, GatewayRefused: Stripe is asked first, since the buyer may
    have paid by another card meanwhile, or a delayed method may have failed for good.
    """
    under_way = Payment.objects.filter(order__code=order_code, status__in=UNDER_WAY, session_id__isnull=False)
    waiting = under_way.first()
    if waiting is None or waiting.session_id is None:
        return False
    settle_payment(waiting.session_id)
    with transaction.atomic():
        order, payment = lock_payment(waiting.pk, waiting.order_id)
        if order.status == Order.Status.AWAITING_PAYMENT and payment.status in UNDER_WAY:
            order.problem, payment.failure_code = Order.Problem.PAYMENT_FAILED, failure_code[:60]
            order.save(update_fields=["problem"])
            payment.save(update_fields=["failure_code"])
    return True


def _find_payment(session: Session) -> Payment | None:
    """The payment of a session; one whose answer never reached us is found by the order that the session names."""
    known = Payment.objects.filter(session_id=session.id).first()
    if known or not session.client_reference_id:
        return known
    unanswered = Payment.objects.filter(order__code=session.client_reference_id, session_id__isnull=True)
    return unanswered.order_by("-pk").first()


def _converge(order: Order, payment: Payment, session: Session, *, actor_kind: str) -> None:
    """Decide, with order and payment locked, what the session changes; what is done already changes nothing."""
    if payment.status == Payment.Status.SUCCEEDED or payment.succeeded_at or payment.received:
        return
    fields = _note_ids(payment, session)
    if payment.status == Payment.Status.REVIEW:
        # Put aside before the buyer could pay, and paid none the less.
        payment.save(update_fields=fields)
        note_received(order, payment, session)
        return
    is_waiting = order.status == Order.Status.AWAITING_PAYMENT and payment.status in UNDER_WAY
    if session.status == "complete" and session.payment_status == "paid":
        _receive(order, payment, session, fields, actor_kind=actor_kind, is_waiting=is_waiting)
        return
    payment.save(update_fields=fields)
    if is_waiting and session.status != "open":
        _end_unpaid(order, payment, session)


def _end_unpaid(order: Order, payment: Payment, session: Session) -> None:
    """A session that is over without money frees the hold; a delayed payment method keeps it until its result."""
    if session.status == "expired":
        close_order(
            order,
            payment,
            status=Order.Status.EXPIRED,
            payment_status=Payment.Status.EXPIRED,
            problem=Order.Problem.RESERVATION_EXPIRED,
        )
    elif _has_failed(session):
        close_order(
            order,
            payment,
            status=Order.Status.EXPIRED,
            payment_status=Payment.Status.FAILED,
            problem=Order.Problem.PAYMENT_FAILED,
        )
    else:
        order.hold_expires_at = timezone.now() + DELAYED_LOOK
        order.save(update_fields=["hold_expires_at"])


def _has_failed(session: Session) -> bool:
    """Whether a delayed payment method has come to nothing; until then its intent is `processing`."""
    return session.payment_intent is not None and session.payment_intent.status in (
        "requires_payment_method",
        "canceled",
    )


def _note_ids(payment: Payment, session: Session) -> list[str]:
    """Put what the session tells of itself on the payment; returns the fields to save."""
    payment.session_id = session.id
    payment.session_url = session.url or payment.session_url
    fields = ["session_id", "session_url", "status"]
    if intent := session.payment_intent:
        payment.payment_intent_id = intent.id
        payment.customer_id = intent.customer_id or ""
        fields += ["payment_intent_id", "customer_id"]
        if intent.charge:
            fields += note_charge(payment, intent.charge)
    if payment.status == Payment.Status.REQUESTED:
        payment.status = Payment.Status.OPEN
    return fields


def _receive(
    order: Order, payment: Payment, session: Session, fields: list[str], *, actor_kind: str, is_waiting: bool
) -> None:
    """Money came: tickets for it if it is what was asked for and the stock is there, else its way back."""
    mismatch = (
        find_mismatch(order, payment, session) if session.payment_intent else "paid without a PaymentIntent"
    )
    if mismatch:
        payment.save(update_fields=fields)
        keep_for_staff(order, payment, mismatch)
        note_received(order, payment, session)
        return
    payment.status, payment.failure_code, payment.lease_until = Payment.Status.SUCCEEDED, "", None
    payment.succeeded_at = timezone.now()
    payment.save(update_fields=[*fields, "failure_code", "lease_until", "succeeded_at"])
    # Before the counters: whoever posts for an organizer first makes its accounts, and the others wait for it.
    _post(order, payment, session)
    lines = list(order.lines.all())
    is_cancelled = order.event.status == Event.Status.CANCELLED
    if is_cancelled or (not is_waiting and not _sell_late(order, lines, actor_kind=actor_kind)):
        write_late_refund(order, payment)
        add_late_order(order)
        logger.warning("payment_late order=%s payment=%s", order.code, payment.pk)
        if is_waiting:
            close_order(order, None, status=Order.Status.CANCELLED, payment_status="")
    elif is_waiting:
        complete_order(order, lines, actor_kind=actor_kind)
        stock.sell(order.event_id, quantities_of(lines))


def _sell_late(order: Order, lines: list[OrderLine], *, actor_kind: str) -> bool:
    """Sell to a payment whose hold was freed, if the stock is still there; False leaves nothing behind."""
    if order.status not in (Order.Status.EXPIRED, Order.Status.CANCELLED):
        return False  # paid by another payment meanwhile
    try:
        with transaction.atomic():
            complete_order(order, lines, actor_kind=actor_kind)
            if not stock.retake(order.event_id, quantities_of(lines)):
                raise stock.StockMoved
    except stock.StockMoved:
        order.refresh_from_db()
        return False
    return True


def _post(order: Order, payment: Payment, session: Session) -> None:
    """The sale, and what Stripe has made of the charge by now; the rest comes with `record_charge_money`."""
    charge = session.payment_intent.charge if session.payment_intent else None
    if charge is not None:
        postings.sale(order, payment, at=charge.created_at)
        postings.charge_money(order, payment, at=charge.created_at)
