"""Buying: the quote, the hold, the way to Stripe's page, and back from it without paying.

One purchase in steps (architecture §3, §4): (A) order and hold, (A') Payment with its key, (B) the call to Stripe with
no transaction open, (C) its answer. Every step finds what an earlier, interrupted run has left.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from connect import gateway
from connect.errors import GatewayRefused, GatewayUnavailable, SessionNotOpen, StripeUnavailable
from maly.crash import crash_point
from ticketing.errors import ReservationExpired, TicketSoldOut
from ticketing.links import order_url
from ticketing.models import Event, Order, Payment
from ticketing.services import stock
from ticketing.services.fulfillment import apply_session, settle_payment
from ticketing.services.offers import Item, Offer, items_of, load_offer, names_of, quote
from ticketing.services.orders import (
    UNDER_WAY,
    Buyer,
    close_order,
    hold_until,
    lock_order,
    place_order,
)
from ticketing.services.sessions import REPEATABLE_FOR, claim_payment, open_session, request_payment

__all__ = ["CheckoutStart", "Item", "cancel_checkout", "quote", "resume_checkout", "start_checkout"]

ATTEMPTS = 4
REMEMBERED_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class CheckoutStart:
    """Where a checkout goes on: Stripe's page, or the order page of what is paid already."""

    order: Order
    payment: Payment | None
    url: str


def start_checkout(
    event: Event,
    *,
    items: Sequence[Item],
    email: str,
    name: str,
    user: User | None = None,
    idempotency: tuple[str, str] | None = None,
) -> CheckoutStart:
    """Hold these tickets and open a Checkout Session for them; a free order is paid at once, without Stripe.

    Amounts are frozen in minor units of the event's currency. `idempotency` is the caller and the Idempotency-Key, if
    the client sent one. A retry after an unknown outcome (the same key, or the same buyer, event and items) repeats the
    one call. Raises EventNotOnSale, SalesClosed, SalesHalted, SalesNotStarted, SalesEnded, QuantityOutOfRange,
    TicketSoldOut, PriceBelowMinimum, NotFound, Invalid (names) and, by Stripe's doing, StripeUnavailable or
    PaymentFailed.
    """
    buyer = Buyer(email=email.strip().lower(), name=" ".join(name.split()), user=user)
    request_key = hashlib.sha256("\n".join(idempotency).encode()).hexdigest() if idempotency else ""
    order = _find_by_request(event, request_key) or _find_unanswered(event, buyer, items)
    if order is None:
        order = _place(event, items, buyer, request_key)
        crash_point("checkout.held")
    return _go_on(order)


def resume_checkout(order: Order) -> tuple[str, datetime | None]:
    """Go on with an order's open session, or hold its tickets anew and open another; (url, expires_at).

    An order that turns out to be paid answers with its own page and no time. Raises ReservationExpired,
    TicketSoldOut, SalesClosed, SalesHalted, StripeUnavailable.
    """
    order = _look_again(order)
    if order.status == Order.Status.EXPIRED:
        order = _hold_again(order)
    if order.status in (Order.Status.CANCELLED, Order.Status.EXPIRED):
        raise ReservationExpired
    start = _go_on(order)
    return start.url, start.payment.expires_at if start.payment else None


def cancel_checkout(order: Order) -> Order:
    """Expire the session of an unpaid order and free its stock; the order as it is then.

    Safe to repeat. When Stripe says that the session is complete, the order is settled instead. Raises
    StripeUnavailable, and then nothing has changed.
    """
    order = Order.objects.get(pk=order.pk)
    if order.status != Order.Status.AWAITING_PAYMENT:
        return order
    payment = order.payments.filter(status__in=(*UNDER_WAY, Payment.Status.REVIEW)).first()
    if payment and payment.status == Payment.Status.REVIEW:
        return order
    if payment and payment.status == Payment.Status.REQUESTED:
        payment = _repeat(payment)
    if payment is not None:
        _expire_and_converge(payment)
    return _mark_cancelled(order.pk)


def _go_on(order: Order) -> CheckoutStart:
    """From a placed order to its page at Stripe, whatever an earlier run has done of the way."""
    if order.status != Order.Status.AWAITING_PAYMENT:
        return CheckoutStart(order, None, order_url(order))
    payment, is_new = request_payment(order)
    if payment.status == Payment.Status.REQUESTED:
        payment = open_session(payment) if is_new else _repeat(payment)
    return CheckoutStart(order, payment, payment.session_url)


def _repeat(payment: Payment) -> Payment:
    """Make the same call under the same key, unless it is too old or somebody else is at it."""
    if payment.created_at < timezone.now() - REPEATABLE_FOR or not claim_payment(payment):
        raise StripeUnavailable
    return open_session(payment, is_repeat=True)


def _place(event: Event, items: Sequence[Item], buyer: Buyer, request_key: str) -> Order:
    """Read, check, quote and hold, again from the start when something moved in between."""
    for _attempt in range(ATTEMPTS):
        offer = load_offer(event.pk, items)
        offer.check(now=timezone.now())
        try:
            return place_order(offer, offer.quote(), buyer, request_key=request_key)
        except stock.StockMoved:
            continue
        except IntegrityError:
            # The same key at the same moment, or (once in billions) a code that exists.
            if order := _find_by_request(event, request_key):
                return order
    raise TicketSoldOut(_("So many people are buying that your tickets couldn't be held. Please try again."))


def _find_by_request(event: Event, request_key: str) -> Order | None:
    """The order that an earlier run of the same request has made, if it still counts."""
    if not request_key:
        return None
    made = event.orders.filter(request_key=request_key, created_at__gt=timezone.now() - REMEMBERED_FOR)
    over = [Order.Status.EXPIRED, Order.Status.CANCELLED]
    return made.exclude(status__in=over).order_by("-pk").first()


def _find_unanswered(event: Event, buyer: Buyer, items: Sequence[Item]) -> Order | None:
    """The same buyer's order for the same items whose call to Stripe got no answer; nobody has seen it yet.

    Only while nobody is at it (its lease is free): so an order that its own buyer is being sent to pay is never shown
    to somebody else who knows the email.
    """
    now = timezone.now()
    unanswered = Payment.objects.filter(
        order__event=event,
        order__email=buyer.email,
        order__user=buyer.user,
        order__status=Order.Status.AWAITING_PAYMENT,
        status=Payment.Status.REQUESTED,
        created_at__gt=now - REPEATABLE_FOR,
        lease_until__lte=now,
    )
    wanted = _comparable(event, items)
    for payment in unanswered.select_related("order"):
        if _comparable(event, items_of(payment.order)) == wanted:
            return payment.order
    return None


def _comparable(event: Event, items: Sequence[Item]) -> list[tuple[str, int, tuple[str, ...]]]:
    """What is asked for, in one order and one spelling."""
    return sorted(
        (item.ticket_type_public_id.lower(), item.quantity, names_of(event, item)) for item in items
    )


def _look_again(order: Order) -> Order:
    """The order as Stripe has it, when its hold should have ended by our clock."""
    order = Order.objects.select_related("event__organization", "connected_account").get(pk=order.pk)
    if order.status != Order.Status.AWAITING_PAYMENT:
        return order
    payment = order.payments.filter(status=Payment.Status.OPEN).first()
    if payment is None or payment.expires_at > timezone.now():
        return order
    assert payment.session_id is not None
    try:
        settle_payment(payment.session_id, actor_kind=AuditEntry.Actor.BUYER)
    except (GatewayUnavailable, GatewayRefused) as error:
        raise StripeUnavailable from error
    return Order.objects.select_related("event__organization", "connected_account").get(pk=order.pk)


def _hold_again(order: Order) -> Order:
    """Hold an expired order's tickets anew at its frozen prices; what has changed since ends it for good."""
    for _attempt in range(ATTEMPTS):
        offer = load_offer(order.event_id, items_of(order))
        offer.check(now=timezone.now())
        if not _is_unchanged(order, offer):
            raise ReservationExpired(_("Prices have changed since. Please start again."))
        try:
            with transaction.atomic():
                locked = lock_order(order.pk)
                if locked.status != Order.Status.EXPIRED:
                    return locked
                locked.status, locked.problem, locked.closed_at = Order.Status.AWAITING_PAYMENT, "", None
                locked.hold_expires_at = hold_until(timezone.now())
                locked.save(update_fields=["status", "problem", "closed_at", "hold_expires_at"])
                stock.hold(offer.event, offer.holdings())
                return locked
        except stock.StockMoved:
            continue
    raise TicketSoldOut


def _is_unchanged(order: Order, offer: Offer) -> bool:
    """Whether the order would be frozen again just as it was."""
    return (
        order.connected_account == offer.account
        and order.total_amount == offer.quote().total_amount
        and order.fee_terms == offer.terms.as_json()
        and order.fee_absorption == offer.fee_absorption
    )


def _expire_and_converge(payment: Payment) -> None:
    """Have Stripe expire the session; if it says that there is nothing to expire, see what it became."""
    assert payment.session_id is not None
    crash_point("cancel.before_expire")
    try:
        try:
            session = gateway.expire_session(payment.session_id)
        except SessionNotOpen:
            session = gateway.retrieve_session(payment.session_id)
    except (GatewayUnavailable, GatewayRefused) as error:
        raise StripeUnavailable from error
    crash_point("cancel.expired_at_stripe")
    apply_session(session, actor_kind=AuditEntry.Actor.BUYER)


def _mark_cancelled(order_id: int) -> Order:
    """An order that its buyer left is cancelled, not expired; one without a payment is closed here."""
    with transaction.atomic():
        order = lock_order(order_id)
        if order.status == Order.Status.EXPIRED:
            order.status, order.problem = Order.Status.CANCELLED, ""
            order.save(update_fields=["status", "problem"])
        elif order.status == Order.Status.AWAITING_PAYMENT and not order.payments.filter(
            status__in=(*UNDER_WAY, Payment.Status.REVIEW)
        ):
            close_order(order, None, status=Order.Status.CANCELLED, payment_status="")
    crash_point("cancel.committed")
    return order
