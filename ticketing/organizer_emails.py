"""The mails about sales, to organizers."""

from collections import Counter
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organization
from maly.money import format_amount
from notifications.registry import Mail, message
from notifications.render import Letter, render_letter
from notifications.services.choices import unsubscribe_url
from ticketing import mail_examples
from ticketing.models import Order
from ticketing.services.sales_news import orders_of_day


@message("new_ticket_sale", example=mail_examples.sale)
def new_ticket_sale(ids: dict[str, Any]) -> Mail:
    """How many tickets of which event were sold to whom, and what the organizer gets of it."""
    order = Order.objects.select_related("event", "organization").get(pk=ids["order"])
    lines = list(order.lines.all())
    count = sum(line.quantity for line in lines)
    sold, revenue = _sold(order, count), _revenue(order)
    letter = Letter(
        subject=_("%(sold)s: %(title)s") % {"sold": sold, "title": order.event.title},
        heading=sold,
        preview=_("Revenue: %(amount)s") % {"amount": revenue},
        paragraphs=[_summary(order, count, revenue)],
        facts=[
            (_("Event"), order.event.title),
            (_("Tickets"), ", ".join(f"{line.quantity} × {line.name}" for line in lines)),
            (_("Buyer"), order.name),
            *_money(order, revenue),
            (_("Order"), order.code),
        ],
        action=(
            _("Open the order"),
            f"{settings.SITE_URL}{reverse('dashboard:order-detail', args=[order.code])}",
        ),
        footer=_footer(order.organization),
    )
    return render_letter(letter, unsubscribe_url=unsubscribe_url(ids["membership"]))


@message("sales_digest", example=mail_examples.day_of_sales)
def sales_digest(ids: dict[str, Any]) -> Mail:
    """A day's sales, by event."""
    organization = Organization.objects.get(pk=ids["organization"])
    day = date.fromisoformat(ids["day"])
    orders = orders_of_day(organization.pk, day)
    tickets: Counter[str] = Counter()
    earned: Counter[tuple[str, str]] = Counter()
    for order in orders:
        tickets[order.event.title] += sum(line.quantity for line in order.lines.all())
        earned[order.event.title, order.currency] += order.organizer_amount
    sold = _tickets_sold(sum(tickets.values()))
    shown = {"sold": sold, "day": format_date(day, "D j M")}
    letter = Letter(
        subject=_("%(sold)s on %(day)s") % shown,
        heading=sold,
        preview=_("%(name)s, %(day)s") % {"name": organization.name, "day": shown["day"]},
        paragraphs=[_("What %(name)s sold on %(day)s, UTC.") % {"name": organization.name, **shown}],
        facts=[
            (title, _digest_line(count, [(each, of) for (one, of), each in earned.items() if one == title]))
            for title, count in tickets.most_common()
        ],
        action=(_("Open orders"), f"{settings.SITE_URL}{reverse('ticketing:orders')}"),
        footer=_footer(organization),
    )
    return render_letter(letter, unsubscribe_url=unsubscribe_url(ids["membership"]))


def _digest_line(count: int, earned: list[tuple[int, str]]) -> str:
    amounts = ", ".join(format_amount(amount, currency) for amount, currency in earned)
    tickets = ngettext("%(count)s ticket", "%(count)s tickets", count) % {"count": count}
    return _("%(tickets)s, revenue %(amounts)s") % {"tickets": tickets, "amounts": amounts}


def _tickets_sold(count: int) -> str:
    words = ngettext("You sold %(count)s ticket", "You sold %(count)s tickets", count)
    return words % {"count": count}


def _sold(order: Order, count: int) -> str:
    if order.total_amount:
        return _tickets_sold(count)
    words = ngettext("%(count)s free ticket booked", "%(count)s free tickets booked", count)
    return words % {"count": count}


def _summary(order: Order, count: int, revenue: str) -> str:
    given = {"sold": _sold(order, count), "title": order.event.title, "amount": revenue}
    return _("%(sold)s for %(title)s. Revenue: %(amount)s") % given


def _revenue(order: Order) -> str:
    return format_amount(order.organizer_amount, order.currency)


def _money(order: Order, revenue: str) -> list[tuple[str, str]]:
    if not order.total_amount:
        return []
    return [
        (_("Buyer paid"), format_amount(order.total_amount, order.currency)),
        (_("Fees"), format_amount(order.application_fee_amount, order.currency)),
        (_("Revenue"), revenue),
    ]


def _footer(organization: Organization) -> str:
    given = {"platform": settings.PLATFORM_NAME, "name": organization.name}
    return _("Sent by %(platform)s because you sell tickets for %(name)s.") % given
