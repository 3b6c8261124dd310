"""One order as staff see it: its money, every id at Stripe, refunds, disputes, tickets, mails, and who did what."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Prefetch, Q, prefetch_related_objects
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from adminpanel.selectors.audit import AuditRow
from adminpanel.selectors.messages_sent import MessageRow, read_messages
from adminpanel.selectors.transaction_trail import TrailLine, staff_trail
from adminpanel.selectors.transactions import TransactionRow
from connect.models import mask_account_id
from payouts.services.trail import read_trail
from ticketing.access import CODE
from ticketing.dispute_words import reason_in_words, status_in_words
from ticketing.models import Dispute, Order, Payment, Refund, Ticket
from ticketing.selectors.dispute_pages import TONES as DISPUTE_TONES
from ticketing.selectors.organizer_orders import REFUND_TONES, TICKET_TONES
from ticketing.services.refunds import REFUNDABLE

PAYMENT_TONES: dict[str, str] = {
    Payment.Status.REQUESTED: "info",
    Payment.Status.OPEN: "info",
    Payment.Status.SUCCEEDED: "success",
    Payment.Status.FAILED: "danger",
    Payment.Status.REVIEW: "danger",
}
IDS: tuple[tuple[Promise, str], ...] = (
    (_("Checkout Session"), "session_id"),
    (_("PaymentIntent"), "payment_intent_id"),
    (_("Charge"), "charge_id"),
    (_("Transfer"), "transfer_id"),
    (_("Application fee"), "application_fee_id"),
    (_("Balance transaction"), "balance_transaction_id"),
    (_("Customer"), "customer_id"),
)
# Kinds of message that are about an order, keyed by its code; those of refunds by theirs.
OF_ORDER = (
    "ticket_confirmation",
    "ticket_cancelled",
    "event_changed",
    "event_cancelled",
    "order_email_changed",
    "new_ticket_sale",
)
OF_REFUND = ("refund_confirmation", "event_cancelled")


@dataclass(frozen=True)
class PaymentRow:
    """One attempt to pay, with its ids at Stripe."""

    payment: Payment

    @property
    def word(self) -> str:
        return str(self.payment.get_status_display())

    @property
    def tone(self) -> str:
        return PAYMENT_TONES.get(self.payment.status, "")

    @property
    def ids(self) -> list[tuple[Promise, str]]:
        return [(label, identifier) for label, name in IDS if (identifier := getattr(self.payment, name))]

    @property
    def account(self) -> str:
        """The account that it went to, as anybody may see it."""
        return mask_account_id(self.payment.destination)

    @property
    def card(self) -> str:
        last4 = self.payment.card_last4
        return f"{self.payment.card_brand.capitalize()} ····{last4}".strip() if last4 else ""


@dataclass(frozen=True)
class RefundRow:
    """A refund of the order, and where it is."""

    refund: Refund

    @property
    def word(self) -> str:
        return str(self.refund.get_status_display())

    @property
    def tone(self) -> str:
        return REFUND_TONES.get(self.refund.status, "")

    @property
    def who(self) -> str:
        actor = self.refund.actor
        return str(actor.email) if actor else str(self.refund.get_origin_display())


@dataclass(frozen=True)
class DisputeRow:
    """A dispute in words."""

    dispute: Dispute

    @property
    def word(self) -> str:
        return status_in_words(self.dispute)

    @property
    def tone(self) -> str:
        return DISPUTE_TONES.get(self.dispute.status, "")

    @property
    def reason(self) -> str:
        return reason_in_words(self.dispute.reason)


@dataclass(frozen=True)
class TicketRow:
    """A ticket, and whether somebody came with it."""

    ticket: Ticket

    @property
    def word(self) -> str:
        return str(self.ticket.get_status_display())

    @property
    def tone(self) -> str:
        return TICKET_TONES.get(self.ticket.status, "")


@dataclass(frozen=True, kw_only=True)
class TransactionDetail:
    """Everything on the page; amounts are minor units of the order's currency."""

    order: Order
    trail: list[TrailLine]
    messages: list[MessageRow]
    history: list[AuditRow]

    @cached_property
    def row(self) -> TransactionRow:
        return TransactionRow(self.order)

    @property
    def payments(self) -> list[PaymentRow]:
        return [PaymentRow(payment) for payment in self.order.payments.all()]

    @property
    def refunds(self) -> list[RefundRow]:
        return [RefundRow(refund) for refund in self.order.refunds.all()]

    @property
    def disputes(self) -> list[DisputeRow]:
        return [DisputeRow(dispute) for dispute in self.order.disputes.all()]

    @property
    def tickets(self) -> list[TicketRow]:
        return [TicketRow(ticket) for ticket in self.order.tickets.all()]

    @property
    def may_refund(self) -> bool:
        """Whether something is left that staff could give back."""
        is_left = self.order.refunded_amount < self.order.total_amount
        return is_left and self.order.status in REFUNDABLE and self.row.payment is not None

    @property
    def troubles(self) -> Iterator[str]:
        """What of it waits for staff, in the words of who found it."""
        for payment in self.order.payments.all():
            if payment.status == Payment.Status.REVIEW:
                yield payment.review_reason
        yield from (one.staff_reason for one in self.order.refunds.all() if one.needs_staff)
        yield from (one.staff_reason for one in self.order.disputes.all() if one.needs_staff)

    @property
    def less_platform_fee_amount(self) -> int:
        return -self.order.platform_fee_amount

    @property
    def less_processing_fee_amount(self) -> int:
        return -self.order.processing_fee_amount

    @property
    def less_stripe_fee_amount(self) -> int | None:
        fee = self.row.stripe_fee_amount
        return None if fee is None else -fee


def read_transaction(code: str) -> TransactionDetail | None:
    """The page of an order in a fixed number of statements; None where there is none of this code."""
    if not CODE.fullmatch(code):
        return None
    orders = Order.objects.select_related("organization", "event", "user", "connected_account")
    order = orders.filter(code=code).first()
    if order is None:
        return None
    prefetch_related_objects(
        [order],
        "lines",
        Prefetch("payments", Payment.objects.order_by("-pk").defer("parameters", "session_url")),
        Prefetch("tickets", Ticket.objects.select_related("line")),
        Prefetch("refunds", Refund.objects.select_related("actor").order_by("-pk")),
        Prefetch("disputes", Dispute.objects.order_by("-pk")),
    )
    return TransactionDetail(
        order=order,
        trail=staff_trail(order, read_trail(order)) if order.total_amount else [],
        messages=read_messages(_of_order(order)),
        history=_history(order),
    )


def _of_order(order: Order) -> Q:
    found = Q()
    for kind in OF_ORDER:
        key = f"{kind}:{order.code}"
        found |= Q(key=key) | Q(key__startswith=f"{key}:")
    refunds = [f"{kind}:{refund.code}" for kind in OF_REFUND for refund in order.refunds.all()]
    found |= Q(key__in=refunds)
    for dispute in order.disputes.all():
        for kind in ("dispute_opened", "dispute_due", "dispute_closed"):
            found |= Q(key__startswith=f"{kind}:{dispute.stripe_dispute_id}:")
    return found


def _history(order: Order) -> list[AuditRow]:
    entries = AuditEntry.objects.select_related("actor", "organization")
    return [AuditRow(entry) for entry in entries.filter(subject=f"order:{order.code}").order_by("-id")]
