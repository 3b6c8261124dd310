"""The order page: what was bought, where the payment stands, and the tickets with their codes."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from maly.errors import NotFound
from maly.money import format_amount
from ticketing.models import CancelledOrder, Event, Order, OrderLine, Payment, Ticket
from ticketing.selectors.events import cover_url_of, place_of
from ticketing.services.orders import TICKETED
from ticketing.services.signing import sign_ticket
from ticketing.services.tickets import qr_svg
from ticketing.wording import news_of_cancelled

# The page asks every two seconds; after half a minute it says that the bank is slow.
SLOW_AFTER = 10


@dataclass(frozen=True)
class TicketCard:
    """One ticket as the buyer holds it."""

    ticket: Ticket
    number: int
    type_name: str

    @cached_property
    def qr(self) -> SafeString:
        """Black on white in both themes, so that every scanner reads it."""
        return mark_safe(qr_svg(sign_ticket(self.ticket)))  # noqa: S308

    @property
    def is_void(self) -> bool:
        is_cancelled = self.ticket.status == Ticket.Status.CANCELLED
        return is_cancelled or self.ticket.event.status == Event.Status.CANCELLED


@dataclass(frozen=True)
class BoughtLine:
    """A line of the receipt at face prices; the fees stand beneath."""

    name: str
    quantity: int
    unit_price_amount: int

    @property
    def face_amount(self) -> int:
        return self.unit_price_amount * self.quantity


@dataclass(frozen=True)
class OrderPage:
    """Everything that the order page shows; `waits` counts how often it has looked for the payment."""

    order: Order
    lines: list["BoughtLine"]
    tickets: list[TicketCard]
    payments: list[Payment]
    waits: int
    cancelled: CancelledOrder | None = None

    @property
    def state(self) -> str:
        """Which page this is: paid, review, processing, slow, failed, awaiting, expired, cancelled."""
        order = self.order
        if order.status in TICKETED:
            return "paid"
        if self.has_money:
            return "review"
        if order.status != Order.Status.AWAITING_PAYMENT:
            return str(order.status)
        if self.waits:
            return "slow" if self.waits >= SLOW_AFTER else "processing"
        return "failed" if order.problem == Order.Problem.PAYMENT_FAILED else "awaiting"

    @property
    def has_money(self) -> bool:
        """Money came, but no tickets for it: too late, or not what the order says. Staff or a sweep see to it."""
        return any(each.status in (Payment.Status.SUCCEEDED, Payment.Status.REVIEW) for each in self.payments)

    @property
    def path(self) -> str:
        return order_path(self.order)

    @property
    def next_look(self) -> str:
        return f"{self.path}&wait={self.waits + 1}"

    @property
    def last_look(self) -> str:
        return f"{self.path}&wait={SLOW_AFTER}"

    @property
    def cart_path(self) -> str:
        """The checkout with this order's tickets and details filled in."""
        checkout = reverse("ticketing:checkout", args=[self.order.event.slug])
        return f"{checkout}?order={self.order.code}&key={self.order.key}"

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def is_held(self) -> bool:
        until = self.order.hold_expires_at
        return until is not None and until > timezone.now()

    @property
    def place(self) -> str:
        return place_of(self.order.event)

    @property
    def cover_url(self) -> str:
        return cover_url_of(self.order.event)

    @property
    def is_going(self) -> bool:
        return self.valid_count > 0 and not self.is_event_cancelled

    @property
    def heading(self) -> str:
        title = {"title": self.order.event.title}
        if self.is_event_cancelled:
            return _("%(title)s is cancelled") % title
        if self.is_going:
            return _("You’re going to %(title)s") % title
        if not self.tickets:
            return _("Your money is on its way back")
        return _("Your tickets to %(title)s are not valid") % title

    @property
    def valid_count(self) -> int:
        return sum(not card.is_void for card in self.tickets)

    @property
    def is_event_cancelled(self) -> bool:
        return self.order.event.status == Event.Status.CANCELLED

    @property
    def reason(self) -> str:
        """Why the organizer has cancelled the event, if it said."""
        return self.cancelled.cancellation.reason if self.cancelled else ""

    @property
    def news(self) -> str:
        """Why the tickets don't count any more, as far as the order knows."""
        if self.is_event_cancelled:
            return news_of_cancelled(self.order, self.cancelled)
        if self.order.refunded_amount:
            amount = format_amount(self.order.refunded_amount, self.order.currency)
            back = _("%(amount)s goes back to you: 5–10 working days to your card.") % {"amount": amount}
            if self.order.problem == Order.Problem.RESERVATION_EXPIRED:
                return (
                    _("Your payment arrived after your reservation had ended, and the tickets were gone.")
                    + " "
                    + back
                )
            return back
        if not self.order.total_amount:
            return _("The organizer has cancelled them. You paid nothing, so there is nothing to send back.")
        return _("The organizer can tell you more.")

    @property
    def notice(self) -> str:
        """What somebody who is going should know of the order's money."""
        if self.order.status == Order.Status.DISPUTED:
            return _(
                "Your bank is looking into this payment, because it was disputed. "
                "If that was a mistake, tell your bank."
            )
        if self.order.refunded_amount:
            amount = format_amount(self.order.refunded_amount, self.order.currency)
            return _("%(amount)s goes back to you: 5–10 working days to your card.") % {"amount": amount}
        return ""

    @property
    def item_fees(self) -> list[dict[str, Any]]:
        """The service fee by ticket type, where the buyer bore it."""
        fees = self.order.fee_breakdown.get("per_item_fees", []) if self.order.service_fee_amount else []
        return [fee for fee in fees if fee["fee_per_ticket"]]

    @property
    def refund_policy(self) -> str:
        """As the event said when it was bought."""
        return self.order.refund_policy or self.order.event.refund_policy

    @property
    def refunded_amount(self) -> int:
        return -self.order.refunded_amount

    @property
    def badge(self) -> str:
        """The colour behind the status, which the word beside it repeats."""
        colours = {Order.Status.PAID: "success", Order.Status.DISPUTED: "danger"}
        return colours.get(Order.Status(self.order.status), "info")

    @property
    def card(self) -> str:
        """What paid, if Stripe told: Visa ending 4242."""
        payment = next((each for each in self.payments if each.card_last4), None)
        if payment is None:
            return ""
        brand = payment.card_brand.capitalize() or _("a card")
        return _("%(brand)s ending %(last4)s") % {"brand": brand, "last4": payment.card_last4}

    @property
    def can_retry(self) -> bool:
        return not self.order.event.has_ended and self.order.event.status == "published"


def order_path(order: Order) -> str:
    """The order page with its key, as in every link that the buyer gets."""
    return f"{reverse('ticketing:order', args=[order.code])}?key={order.key}"


def order_page(order: Order, *, waits: int = 0) -> OrderPage:
    """The page of an order in three statements, four if its event is cancelled; its event and organization are read."""
    rows: list[OrderLine] = list(order.lines.all())
    lines = [BoughtLine(row.name, row.quantity, row.unit_price_amount) for row in rows]
    names = {row.pk: row.name for row in rows}
    tickets = list(order.tickets.select_related("ticket_type")) if order.status in TICKETED else []
    for ticket in tickets:
        ticket.event = order.event
    cards = [
        TicketCard(ticket=ticket, number=number, type_name=names[ticket.line_id])
        for number, ticket in enumerate(tickets, start=1)
    ]
    cards.sort(key=lambda card: card.is_void)  # those that let somebody in come first
    payments = list(order.payments.all()) if order.total_amount else []
    cancelled = None
    if order.event.status == Event.Status.CANCELLED:
        cancelled = CancelledOrder.objects.select_related("cancellation").filter(order=order).first()
    return OrderPage(
        order=order, lines=lines, tickets=cards, payments=payments, waits=waits, cancelled=cancelled
    )


def find_held_order(code: str, keys: Collection[str]) -> Order | None:
    """The order that one of these keys opens, with its event, while its tickets are held and unpaid."""
    held = Order.objects.select_related("event").filter(
        code=code, key__in=keys, status=Order.Status.AWAITING_PAYMENT, hold_expires_at__gt=timezone.now()
    )
    return held.first() if code and keys else None


def find_order_of_session(session_id: str) -> Order:
    """The order that a Checkout Session pays for; its id is as secret as the order's key. Raises NotFound."""
    payment = None
    if session_id.isprintable() and session_id:
        payment = Payment.objects.select_related("order").filter(session_id=session_id).first()
    if payment is None:
        raise NotFound
    return payment.order
