"""Somebody's orders with tickets: what is to come, soonest first, and what is over, latest first."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.users import verified_emails
from ticketing.models import Event, Order, Ticket
from ticketing.selectors.events import cover_url_of, place_of
from ticketing.selectors.orders import order_path
from ticketing.services.orders import TICKETED

MOST_UPCOMING = 100
PAST_ON_PAGE = 20


@dataclass(frozen=True)
class MyOrder:
    """One order on the list; `quantity` counts the tickets that are still good."""

    order: Order
    quantity: int

    @property
    def path(self) -> str:
        return order_path(self.order)

    @property
    def cover_url(self) -> str:
        return cover_url_of(self.order.event)

    @property
    def place(self) -> str:
        return place_of(self.order.event)

    @property
    def status(self) -> str | Promise:
        """Said only where it isn't simply paid."""
        if self.order.event.status == Event.Status.CANCELLED:
            return _("Event cancelled")
        if not self.quantity and not self.order.total_amount:
            return _("Cancelled")
        return "" if self.order.status == Order.Status.PAID else self.order.get_status_display()

    @property
    def tone(self) -> str:
        is_off = self.order.event.status == Event.Status.CANCELLED or self.order.is_disputed
        return "danger" if is_off else "info"


@dataclass(frozen=True)
class MyTickets:
    """The page; `past` is one page of what is over."""

    upcoming: list[MyOrder]
    past: list[MyOrder]
    number: int
    has_more: bool

    @property
    def is_empty(self) -> bool:
        return not self.upcoming and not self.past


def orders_of(user: User | None, *, email: str = "") -> QuerySet[Order]:
    """What a user bought signed in, what was bought with their confirmed addresses, and with `email`."""
    whose = Q(email=email) if email else Q(pk__in=[])
    if user is not None:
        whose |= Q(user=user) | Q(email__in=verified_emails(user))
    return Order.objects.filter(whose, status__in=TICKETED)


def my_tickets(orders: QuerySet[Order], *, number: int = 1) -> MyTickets:
    """The page of these orders in two statements, three with a page of what is over."""
    live = Count("tickets", filter=~Q(tickets__status=Ticket.Status.CANCELLED))
    told = orders.select_related("event").annotate(live=live)
    now = timezone.now()
    upcoming = told.filter(event__ends_at__gt=now).order_by("event__starts_at", "pk")[:MOST_UPCOMING]
    past = Paginator(
        told.filter(event__ends_at__lte=now).order_by(F("event__starts_at").desc(), "-pk"), PAST_ON_PAGE
    )
    page = past.get_page(number)
    return MyTickets(
        upcoming=_rows(upcoming), past=_rows(page.object_list), number=page.number, has_more=page.has_next()
    )


def _rows(orders: Iterable[Order]) -> list[MyOrder]:
    return [MyOrder(order, order.live) for order in orders]  # type: ignore[attr-defined]
