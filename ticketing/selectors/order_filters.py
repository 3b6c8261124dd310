"""How the organizer's list of orders is narrowed down: by what stands in the address, with a chip for each part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organization
from ticketing.models import Event, Order, OrderLine, Payment, TicketType

LONGEST_SEARCH = 100
MOST_CHOICES = 50
LAST4 = 4
# Counted back from now, so that no time zone decides what "today" is.
PERIODS: dict[str, tuple[Promise, timedelta]] = {
    "24h": (gettext_lazy("last 24 hours"), timedelta(hours=24)),
    "7d": (gettext_lazy("last 7 days"), timedelta(days=7)),
    "30d": (gettext_lazy("last 30 days"), timedelta(days=30)),
    "365d": (gettext_lazy("last 12 months"), timedelta(days=365)),
}


@dataclass(frozen=True, kw_only=True)
class OrderFilters:
    """What the list is narrowed down to; empty parts narrow nothing."""

    search: str = ""
    statuses: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    period: str = ""

    @property
    def is_active(self) -> bool:
        return self != OrderFilters()

    def query(self, **more: str) -> str:
        """The filters as the address has them, with more parameters behind them."""
        values: dict[str, str | Sequence[str]] = {
            "q": self.search,
            "status": self.statuses,
            "event": self.events,
            "type": self.types,
            "date": self.period,
        }
        return urlencode({name: value for name, value in {**values, **more}.items() if value}, doseq=True)


@dataclass(frozen=True)
class Choice:
    """One box of a filter."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class Filter:
    """One filter of the page: its name in the address, its choices, and whether only one may be chosen."""

    name: str
    label: str
    choices: list[Choice]
    is_single: bool = False


@dataclass(frozen=True)
class Chip:
    """An active filter with its value, and the list's address without it."""

    label: str
    value: str
    query: str


def read_filters(given: QueryDict) -> OrderFilters:
    """The filters of an address; what isn't one is left out, so that an old link still shows something."""
    wanted = {name: [each.replace("\x00", "") for each in given.getlist(name)] for name in given}
    statuses = [each for each in wanted.get("status", []) if each in Order.Status.values]
    period = given.get("date", "")
    return OrderFilters(
        search=" ".join(wanted.get("q", [""])[-1].split())[:LONGEST_SEARCH],
        statuses=tuple(dict.fromkeys(statuses)),
        events=_some(wanted, "event"),
        types=_some(wanted, "type"),
        period=period if period in PERIODS else "",
    )


def filter_orders(organization: Organization, filters: OrderFilters) -> QuerySet[Order]:
    """The organization's orders that fit, in no order."""
    orders = Order.objects.filter(organization=organization)
    if filters.statuses:
        orders = orders.filter(_has_status(filters.statuses))
    if filters.events:
        orders = orders.filter(event__slug__in=filters.events)
    if filters.types:
        lines = OrderLine.objects.filter(order=OuterRef("pk"), ticket_type__name__in=filters.types)
        orders = orders.filter(Exists(lines))
    if filters.period:
        orders = orders.filter(created_at__gte=timezone.now() - PERIODS[filters.period][1])
    return orders.filter(_found_by(filters.search)) if filters.search else orders


def list_filters(organization: Organization, filters: OrderFilters) -> list[Filter]:
    """What can be chosen, in two statements: the newest events, and the ticket types of those that are chosen."""
    events = list(
        Event.objects.filter(organization=organization)
        .order_by("-starts_at", "-id")
        .values_list("slug", "title")[:MOST_CHOICES]
    )
    types = TicketType.objects.filter(event__organization=organization)
    if filters.events:
        types = types.filter(event__slug__in=filters.events)
    names = types.order_by("name").values_list("name", flat=True).distinct()[:MOST_CHOICES]
    periods = [(key, str(words).capitalize()) for key, (words, _back) in PERIODS.items()]
    return [
        _filter("status", _("Status"), list(Order.Status.choices), filters.statuses),
        _filter("event", _("Event"), events, filters.events),
        _filter("type", _("Ticket type"), [(name, name) for name in names], filters.types),
        _filter("date", _("Date"), [("", _("Any time")), *periods], (filters.period,), is_single=True),
    ]


def list_chips(filters: OrderFilters, choices: Sequence[Filter]) -> list[Chip]:
    """A chip for each active filter."""
    fields = {"status": "statuses", "event": "events", "type": "types", "date": "period"}
    chips = []
    if filters.search:
        chips.append(Chip(_("Search"), filters.search, replace(filters, search="").query()))
    for one in choices:
        chosen = getattr(filters, fields[one.name])
        values = (chosen,) if isinstance(chosen, str) else chosen
        labels = {choice.value: choice.label for choice in one.choices}
        words = ", ".join(labels[value] for value in values if value)
        if words:
            empty: str | tuple[()] = "" if isinstance(chosen, str) else ()
            without = replace(filters, **{fields[one.name]: empty})  # type: ignore[arg-type]
            chips.append(Chip(one.label, words, without.query()))
    return chips


def _has_status(statuses: Sequence[str]) -> Q:
    """One of these, by the words of the list: a free order isn't refunded but cancelled."""
    is_free_and_over = Q(status=Order.Status.REFUNDED, total_amount=0)
    found = Q(status__in=statuses) & ~is_free_and_over
    return found | is_free_and_over if Order.Status.CANCELLED in statuses else found


def _found_by(search: str) -> Q:
    found = Q(code__icontains=search) | Q(email__icontains=search) | Q(name__icontains=search)
    if len(search) == LAST4 and search.isascii() and search.isdigit():
        found |= Q(Exists(Payment.objects.filter(order=OuterRef("pk"), card_last4=search)))
    return found


def _filter(
    name: str, label: str, choices: list[tuple[str, str]], chosen: Sequence[str], *, is_single: bool = False
) -> Filter:
    known = {value for value, _words in choices}
    # What is chosen stays chosen when the form is sent, though it be too old for the list.
    more = [(value, value) for value in chosen if value not in known]
    boxes = [Choice(value, words, value in chosen) for value, words in [*choices, *more]]
    return Filter(name, label, boxes, is_single=is_single)


def _some(wanted: Mapping[str, list[str]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each[:120] for each in wanted.get(name, []) if each))[:MOST_CHOICES]
