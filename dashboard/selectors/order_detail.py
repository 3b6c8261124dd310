"""One order as its organizer sees it: tickets, who gets what of the payment, disputes, the trail and the timeline."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Prefetch, prefetch_related_objects
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.access import allows
from accounts.models import Membership, Role
from dashboard.selectors.order_timeline import Happening, read_timeline
from dashboard.selectors.order_trail import TrailLine, trail_lines
from payouts.services.trail import read_trail
from ticketing.dispute_words import news_in_words, reason_in_words, status_in_words
from ticketing.models import Dispute, Event, Order, Payment, Refund, Ticket
from ticketing.selectors.orders import BoughtLine
from ticketing.selectors.organizer_orders import REFUND_TONES, TICKET_TONES, TONES, status_word
from ticketing.serializers import succeeded_payment
from ticketing.services.refunds import REFUNDABLE
from ticketing.services.ticket_cancellations import why_not_cancellable


@dataclass(frozen=True)
class TicketRow:
    """A ticket and what may be done with it: what was paid for is refunded, what was free is cancelled."""

    ticket: Ticket
    may_refund: bool
    may_cancel: bool

    @property
    def is_live(self) -> bool:
        return self.ticket.status != Ticket.Status.CANCELLED

    @property
    def word(self) -> str:
        return str(self.ticket.get_status_display())

    @property
    def tone(self) -> str:
        return TICKET_TONES.get(self.ticket.status, "")


@dataclass(frozen=True)
class DisputeRow:
    """A dispute in words."""

    dispute: Dispute

    @property
    def word(self) -> str:
        return status_in_words(self.dispute)

    @property
    def reason(self) -> str:
        return reason_in_words(self.dispute.reason)

    @property
    def news(self) -> str:
        return news_in_words(self.dispute)


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


@dataclass(frozen=True)
class Share:
    """Who has how much of what the buyer paid, and where its part of the bar begins; minor units."""

    key: str
    words: str
    start: int
    amount: int


@dataclass(frozen=True)
class OrderDetail:
    """Everything on the page; amounts are minor units of the order's currency."""

    order: Order
    membership: Membership
    disputes: list[DisputeRow]
    trail: list[TrailLine]
    timeline: list[Happening]

    @property
    def word(self) -> str:
        return status_word(self.order)

    @property
    def tone(self) -> str:
        return TONES.get(self.order.status, "")

    @cached_property
    def lines(self) -> list[BoughtLine]:
        rows = self.order.lines.all()
        return [BoughtLine(row.name, row.quantity, row.unit_price_amount) for row in rows]

    @cached_property
    def payment(self) -> Payment | None:
        return succeeded_payment(self.order)

    @cached_property
    def may_refund(self) -> bool:
        """Whether to offer a refund: the page for it says why not, should it have become impossible."""
        is_paid = self.payment is not None and self.order.status in REFUNDABLE
        is_left = self.order.refunded_amount < self.order.total_amount
        return is_paid and is_left and allows(self.membership.role, Role.ADMIN)

    @cached_property
    def tickets(self) -> list[TicketRow]:
        return [
            TicketRow(
                ticket,
                may_refund=self.may_refund and ticket.paid_amount > 0,
                may_cancel=not why_not_cancellable(self.order, [ticket]),
            )
            for ticket in self.order.tickets.all()
        ]

    @property
    def may_cancel(self) -> bool:
        """Whether to offer to cancel the whole order: it was free, and one of its tickets still counts."""
        return not self.order.total_amount and any(row.is_live and row.may_cancel for row in self.tickets)

    @property
    def may_send(self) -> bool:
        return any(row.is_live for row in self.tickets) and self.order.event.status != Event.Status.CANCELLED

    @property
    def refunds(self) -> list[RefundRow]:
        return [RefundRow(refund) for refund in self.order.refunds.all()]

    @property
    def card(self) -> str:
        """What paid: Visa ····4242."""
        payment = self.payment
        if payment is None or not payment.card_last4:
            return ""
        return f"{payment.card_brand.capitalize() or _('Card')} ····{payment.card_last4}"

    @property
    def gave_amount(self) -> int:
        """What went back to the buyer, as the negative figure that it is in a sum."""
        return -self.order.refunded_amount

    @property
    def platform_fee_amount(self) -> int:
        return -self.order.platform_fee_amount

    @property
    def processing_fee_amount(self) -> int:
        return -self.order.processing_fee_amount

    @property
    def platform_keeps_amount(self) -> int | None:
        """What the platform has of the sale once Stripe's own fee is paid; None before that is known."""
        if self.payment is None or self.payment.stripe_fee_amount is None:
            return None
        return self.order.application_fee_amount - self.payment.stripe_fee_amount

    @property
    def split(self) -> list[Share]:
        """The sale in three parts that add up to it; none before Stripe's fee is known or where we pay on top of it."""
        kept, yours = self.platform_keeps_amount, self.order.organizer_amount
        if self.payment is None or kept is None or kept < 0:
            return []
        fee = self.order.application_fee_amount - kept
        platform = _("%(platform)s, after Stripe’s fee") % {"platform": settings.PLATFORM_NAME}
        return [
            Share("you", _("You"), 0, yours),
            Share("stripe", _("Stripe"), yours, fee),
            Share("platform", platform, yours + fee, kept),
        ]


def order_detail(order: Order, membership: Membership) -> OrderDetail:
    """The page of an order in a fixed number of statements; its event and organization are read."""
    tickets = Ticket.objects.select_related("line")
    refunds, disputes = Refund.objects.order_by("pk"), Dispute.objects.order_by("pk")
    prefetch_related_objects(
        [order],
        "lines",
        "payments",
        Prefetch("tickets", tickets),
        Prefetch("refunds", refunds),
        Prefetch("disputes", disputes),
    )
    return OrderDetail(
        order=order,
        membership=membership,
        disputes=[DisputeRow(dispute) for dispute in order.disputes.all()],
        trail=trail_lines(read_trail(order)) if order.total_amount else [],
        timeline=read_timeline(order),
    )
