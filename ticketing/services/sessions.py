"""One Checkout Session for one Payment: the intent row, the call under its key, the answer.

Rule 2 of the architecture: the row with its key and every parameter is committed first, the call is made with no
transaction open, the answer is recorded in a new one. Unknown outcome: the same call again, for at most 90 seconds,
because `expires_at` is frozen and Stripe wants at least 30 minutes from the moment of the call.
"""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.services import audit
from connect import gateway
from connect.errors import GatewayBusy, GatewayRefused, GatewayUnavailable, SessionNotOpen, StripeUnavailable
from connect.models import mask_account_id
from connect.stripe_objects import Session
from maly.crash import crash_point
from ticketing import links
from ticketing.errors import PaymentFailed, ReservationExpired, SalesHalted
from ticketing.models import Order, OrderLine, Payment
from ticketing.services.orders import UNDER_WAY, close_order, hold_until, lock_order, lock_payment

logger = logging.getLogger(__name__)
REPEATABLE_FOR = timedelta(seconds=90)
IN_REVIEW = "Something is wrong with this order's payment, and we are looking at it. Please don't pay again."


def lease_time() -> timedelta:
    """Longer than a request's two tries at Stripe, so that nobody repeats a call that is still under way."""
    return timedelta(seconds=2 * settings.STRIPE_TIMEOUT_SECONDS + 10)


def request_payment(order: Order) -> tuple[Payment, bool]:
    """The payment under way of an order that awaits one, and whether it was made (and committed) just now.

    Carries every parameter of the call to come; amounts in minor units of the order's currency. Raises
    ReservationExpired when the order was closed meanwhile, PaymentFailed while staff look at its payment, SalesHalted
    when staff have flagged the organization.
    """
    with transaction.atomic():
        order = lock_order(order.pk)
        if order.status != Order.Status.AWAITING_PAYMENT:
            raise ReservationExpired
        payment = order.payments.filter(status__in=(*UNDER_WAY, Payment.Status.REVIEW)).first()
        if payment and payment.status == Payment.Status.REVIEW:
            raise PaymentFailed(IN_REVIEW)
        if payment is None and order.organization.is_flagged:
            raise SalesHalted  # flagged while this buyer was on the way: no other page to pay on
        return (payment, False) if payment else (_write_request(order), True)


def claim_payment(payment: Payment) -> bool:
    """Take the lease on a payment whose call may be repeated; False while somebody else has it."""
    now = timezone.now()
    free = Payment.objects.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now), pk=payment.pk)
    return bool(free.update(lease_until=now + lease_time()))


def open_session(payment: Payment, *, is_repeat: bool = False) -> Payment:
    """Create the Checkout Session of a requested payment whose lease the caller holds; returns the open payment.

    A definite refusal frees the hold at once; an unknown outcome keeps hold and payment for whoever repeats the call.
    Raises StripeUnavailable for both, PaymentFailed when Stripe's answer isn't what was asked for,
    ReservationExpired when the order was closed meanwhile (then the session is expired).
    """
    crash_point("checkout.payment_requested")
    try:
        session = gateway.create_checkout_session(payment.parameters, idempotency_key=payment.idempotency_key)
    except GatewayRefused as error:
        fail_request(payment, code=error.code)
        raise StripeUnavailable from error
    except GatewayBusy as error:
        # Not done this time; but a call that is repeated may have been done the time before.
        if is_repeat:
            _free_lease(payment)
        else:
            fail_request(payment, code="rate_limit")
        raise StripeUnavailable from error
    except GatewayUnavailable as error:
        _free_lease(payment)
        raise StripeUnavailable from error
    crash_point("checkout.session_created")
    return record_session(payment, session)


def record_session(payment: Payment, session: Session) -> Payment:
    """Record the session of a payment, once; what differs from what was asked for is kept for staff."""
    with transaction.atomic():
        order, payment = lock_payment(payment.pk, payment.order_id)
        payment.session_id, payment.session_url = session.id, session.url or ""
        if payment.status == Payment.Status.REQUESTED:
            payment.status, payment.lease_until = Payment.Status.OPEN, None
        payment.save(update_fields=["session_id", "session_url", "status", "lease_until"])
        if (mismatch := find_mismatch(order, payment, session)) and payment.status == Payment.Status.OPEN:
            keep_for_staff(order, payment, mismatch)
    crash_point("checkout.session_recorded")
    if payment.status == Payment.Status.REVIEW:
        raise PaymentFailed(IN_REVIEW)
    if payment.status in (Payment.Status.FAILED, Payment.Status.EXPIRED):
        _expire_unwanted(session.id)
        raise ReservationExpired
    return payment


def fail_request(payment: Payment, *, code: str) -> None:
    """Give a requested payment up, and with it the order's hold. Safe to call twice."""
    with transaction.atomic():
        order, payment = lock_payment(payment.pk, payment.order_id)
        if payment.status != Payment.Status.REQUESTED or order.status != Order.Status.AWAITING_PAYMENT:
            return
        payment.failure_code = code[:60]
        close_order(
            order,
            payment,
            status=Order.Status.EXPIRED,
            payment_status=Payment.Status.FAILED,
            problem=Order.Problem.RESERVATION_EXPIRED,
        )
    crash_point("checkout.request_failed")


def keep_for_staff(order: Order, payment: Payment, reason: str) -> None:
    """Put a locked payment aside for staff, in the caller's transaction: no ticket, and no sweep touches its rows."""
    payment.status, payment.review_reason, payment.lease_until = Payment.Status.REVIEW, reason, None
    payment.save(update_fields=["status", "review_reason", "lease_until"])
    audit.record(
        "payment.review",
        organization=order.organization,
        subject=f"order:{order.code}",
        actor_kind=AuditEntry.Actor.WEBHOOK,
        after={"payment": payment.pk},
        reason=reason,
    )
    logger.error("payment_review order=%s reason=%s", order.code, reason)


def find_mismatch(order: Order, payment: Payment, session: Session) -> str:
    """What of Stripe's session differs from what was asked for, in words; empty when all is well."""
    facts: list[tuple[str, Any, Any]] = [
        ("amount", session.amount_total, payment.amount),
        ("currency", session.currency, payment.currency),
        ("reference", session.client_reference_id, order.code),
    ]
    if intent := session.payment_intent:
        facts += [
            ("charged amount", intent.amount, payment.amount),
            ("charged currency", intent.currency, payment.currency),
            ("application fee", intent.application_fee_amount or 0, payment.application_fee_amount),
            ("destination", intent.destination, payment.destination),
        ]
    return "; ".join(
        f"{name}: Stripe {_masked(is_so)}, ours {_masked(asked)}"
        for name, is_so, asked in facts
        if is_so != asked
    )


def _masked(value: object) -> object:
    """An account's id as an audit entry may carry it; anything else as it is."""
    return mask_account_id(value) if isinstance(value, str) and value.startswith("acct_") else value


def _write_request(order: Order) -> Payment:
    account = order.connected_account
    assert account is not None, order.code
    assert account.stripe_account_id is not None, order.code
    now = timezone.now()
    expires_at = _fresh_end(order, now)
    return Payment.objects.create(
        order=order,
        user_id=order.user_id,
        idempotency_key=f"checkout-{uuid.uuid4()}",
        parameters=_session_parameters(order, account.stripe_account_id, expires_at),
        destination=account.stripe_account_id,
        currency=order.currency,
        amount=order.total_amount,
        application_fee_amount=order.application_fee_amount,
        expires_at=expires_at,
        lease_until=now + lease_time(),
    )


def _fresh_end(order: Order, now: datetime) -> datetime:
    """When hold and session end: with the hold just begun, else both anew, so that Stripe has its 30 minutes."""
    fresh = hold_until(now)
    if order.hold_expires_at is None or fresh - order.hold_expires_at > timedelta(seconds=5):
        order.hold_expires_at = fresh
        order.save(update_fields=["hold_expires_at"])
    return order.hold_expires_at


def _session_parameters(order: Order, destination: str, expires_at: datetime) -> dict[str, Any]:
    """The parameters of POST /v1/checkout/sessions for a destination charge (docs.stripe.com/connect)."""
    metadata = {"order": order.code, "event_id": str(order.event.public_id)}
    if order.user_id:
        metadata["user_id"] = str(order.user_id)
    payment_intent: dict[str, Any] = {
        "transfer_data": {"destination": destination},
        "metadata": metadata,
        "description": f"{order.event.title}, order {order.code}",
    }
    if order.application_fee_amount:  # Stripe refuses a fee of 0
        payment_intent["application_fee_amount"] = order.application_fee_amount
    return {
        "mode": "payment",
        "line_items": [_line_item(order, line) for line in order.lines.all()],
        "payment_intent_data": payment_intent,
        "metadata": metadata,
        "client_reference_id": order.code,
        "customer_email": order.email,
        "success_url": links.success_url(),
        "cancel_url": links.cancel_url(order),
        "expires_at": int(expires_at.timestamp()),
        "adaptive_pricing": {"enabled": False},
        "submit_type": "book",
    }


def _line_item(order: Order, line: OrderLine) -> dict[str, Any]:
    return {
        "price_data": {
            "currency": order.currency,
            "unit_amount": line.unit_total_amount,
            "product_data": {"name": f"{order.event.title}: {line.name}"},
        },
        "quantity": line.quantity,
    }


def _free_lease(payment: Payment) -> None:
    """Nobody waits for this call any more: the client's retry, or else a sweep, may repeat it."""
    Payment.objects.filter(pk=payment.pk, status=Payment.Status.REQUESTED).update(lease_until=timezone.now())


def _expire_unwanted(session_id: str) -> None:
    """Expire a session whose order was closed while Stripe made it; nobody has its address."""
    try:
        gateway.expire_session(session_id)
    except SessionNotOpen:
        return
    except GatewayUnavailable:
        logger.warning("session_left_open session=%s", session_id)
