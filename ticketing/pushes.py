"""What browsers that asked to be told are shown, beside the mail of the same kind."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import roles_from
from accounts.models import Membership, Role
from maly.money import format_amount
from notifications.services.push import Note, own_topic, push_note
from ticketing import links
from ticketing.models import Order, Refund


def order_topic(order: Order) -> str:
    """What a buyer's browser subscribes to; it ends with the order's key, as every link to the order does."""
    return f"order:{order.pk}:{order.key[:8]}"


@push_note("ticket_confirmation")
def ticket_confirmation(ids: dict[str, Any]) -> Note:
    """That the tickets are there: the buyer need not wait on the page."""
    order = _find(ids)
    count = order.tickets.count()
    title = ngettext(
        "Your ticket for %(event)s has been confirmed!",
        "Your tickets for %(event)s have been confirmed!",
        count,
    )
    return _to_buyer(order, title % {"event": order.event.title}, _("Open your tickets."), "tickets")


@push_note("refund_confirmation")
def refund_confirmation(ids: dict[str, Any]) -> Note:
    """What goes back to the buyer."""
    refund = Refund.objects.select_related("payment").get(pk=ids["refund"])
    order = _find({"order": refund.order_id})
    amount = format_amount(refund.amount, refund.payment.currency)
    title = _("%(amount)s goes back to you") % {"amount": amount}
    return _to_buyer(order, title, order.event.title, f"refund-{refund.pk}")


@push_note("event_cancelled")
def event_cancelled(ids: dict[str, Any]) -> Note:
    """That the event doesn't take place."""
    order = _find(ids)
    title = _("%(event)s is cancelled") % {"event": order.event.title}
    return _to_buyer(order, title, _("Your order says what happens now."), "event")


@push_note("event_changed")
def event_changed(ids: dict[str, Any]) -> Note:
    """That the event takes place at another time or place."""
    order = _find(ids)
    title = _("%(event)s has changed") % {"event": order.event.title}
    return _to_buyer(order, title, _("See when and where it takes place now."), "event")


@push_note("new_ticket_sale")
def new_ticket_sale(ids: dict[str, Any]) -> Note:
    """A sale, for a member who hears of each; nobody once they have left or may no longer see orders."""
    order = _find(ids)
    members = Membership.objects.select_related("user").filter(role__in=roles_from(Role.MANAGER))
    member = members.filter(pk=ids["membership"], user__is_active=True).first()
    count = order.tickets.count()
    title = ngettext("%(count)d ticket sold: %(event)s", "%(count)d tickets sold: %(event)s", count)
    return Note(
        title=title % {"count": count, "event": order.event.title},
        body=f"{order.name} · {format_amount(order.total_amount, order.currency)}",
        url=f"{settings.SITE_URL}{reverse('dashboard:order-detail', args=[order.code])}",
        tag=f"sale-{order.code}",
        topics=[own_topic("member", member.pk, member.user)] if member else [],
    )


def _find(ids: dict[str, Any]) -> Order:
    return Order.objects.select_related("event", "user").get(pk=ids["order"])


def _to_buyer(order: Order, title: str, body: str, tag: str) -> Note:
    topics = [order_topic(order)]
    if order.user is not None:
        topics.append(own_topic("user", order.user.pk, order.user))
    return Note(title=title, body=body, url=links.order_url(order), tag=f"{order.code}-{tag}", topics=topics)
