"""An event's ticket types as its organizer sees them, each with its price line, stock and what may be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connect.models import AccountState
from ticketing.models import Event, TicketType
from ticketing.selectors.events import find_terms
from ticketing.selectors.organizer_events import find_with_seller
from ticketing.selectors.price_lines import PriceLine, price_line
from ticketing.selectors.readiness import Step, is_ready, readiness
from ticketing.selectors.rows import account_of
from ticketing.services.sales import can_be_paid, ticket_status

# What a ticket type's state is called here, and the colour behind the word.
STATES: dict[str, tuple[Promise, str]] = {
    "on_sale": (_("On sale"), "success"),
    "not_started": (_("Not started"), "info"),
    "ended": (_("Sales ended"), ""),
    "sold_out": (_("Sold out"), "info"),
    "coming_soon": (_("Waiting for Stripe"), "warning"),
    "paused": (_("Sales paused"), "warning"),
    "draft": (_("Draft"), ""),
    "stopped": (_("Stopped"), ""),
}


@dataclass(frozen=True)
class StripeBanner:
    """Why paid tickets wait. `connects`: one button goes to Stripe, else the payment settings say more."""

    title: Promise
    text: Promise
    action: Promise
    connects: bool = False


CONNECT = StripeBanner(
    title=_("Connect your Stripe account to start selling tickets"),
    text=_(
        "You need to connect a Stripe account before attendees can purchase paid tickets for your events. Until then"
        " they see “Tickets coming soon” beside paid tickets; free tickets work straight away."
    ),
    action=_("Connect with Stripe"),
    connects=True,
)
BANNERS: dict[str, StripeBanner] = {
    AccountState.NOT_CONNECTED: CONNECT,
    AccountState.DISCONNECTED: replace(CONNECT, action=_("Connect again")),
    AccountState.ONBOARDING: StripeBanner(
        title=_("Finish at Stripe to start selling tickets"),
        text=_(
            "Stripe doesn’t have all your details yet. Until then attendees see “Tickets coming soon” beside paid"
            " tickets; free tickets work straight away."
        ),
        action=_("Finish in Stripe"),
        connects=True,
    ),
    AccountState.UNDER_REVIEW: StripeBanner(
        title=_("Stripe is looking at your account"),
        text=_(
            "Nothing to do: Stripe usually answers within 2 days, and paid tickets go on sale after that. Free tickets"
            " work straight away."
        ),
        action=_("Payment settings"),
    ),
    AccountState.RESTRICTED: StripeBanner(
        title=_("Paid tickets wait until Stripe has what it asks for"),
        text=_("Attendees can’t buy them until then. Free tickets go on as before."),
        action=_("See what is missing"),
    ),
    AccountState.REJECTED: StripeBanner(
        title=_("Stripe doesn’t accept your account"),
        text=_("Attendees can’t buy paid tickets. Free tickets go on as before."),
        action=_("Payment settings"),
    ),
}


@dataclass(frozen=True)
class TypeCard:
    """One ticket type of the list."""

    ticket_type: TicketType
    line: PriceLine
    state: str
    link: str
    may_remove: bool
    is_first: bool
    is_last: bool

    @property
    def word(self) -> Promise:
        return STATES[self.state][0]

    @property
    def tone(self) -> str:
        return STATES[self.state][1]

    @property
    def is_full(self) -> bool:
        return self.ticket_type.sold >= self.ticket_type.capacity


@dataclass(frozen=True)
class TicketTypesPage:
    """The list, and whether the organizer's Stripe account holds the paid ones up."""

    event: Event
    cards: list[TypeCard]
    stripe: StripeBanner | None
    steps: list[Step]

    @property
    def may_publish(self) -> bool:
        return self.event.status == Event.Status.DRAFT and is_ready(self.steps)


def ticket_types_page(event: Event) -> TicketTypesPage:
    """The list in five statements, however many types there are."""
    event = find_with_seller(event)
    types = list(event.ticket_types.all())
    terms = find_terms(event)
    ordered = types_with_orders(types)
    now = timezone.now()
    cards = [
        TypeCard(
            ticket_type=each,
            line=price_line(event, each.price_amount, terms),
            state=type_state(each, event, now),
            link=access_link(event, each) if each.is_hidden else "",
            may_remove=each.pk not in ordered,
            is_first=place == 0,
            is_last=place == len(types) - 1,
        )
        for place, each in enumerate(types)
    ]
    return TicketTypesPage(
        event=event,
        cards=cards,
        stripe=_banner(event) if any(each.price_amount for each in types) else None,
        steps=readiness(event, types),
    )


def _banner(event: Event) -> StripeBanner | None:
    """What stands in the way of paid tickets; None while Stripe takes payments for the organizer."""
    account = account_of(event)
    if can_be_paid(account):
        return None
    return BANNERS[account.state if account else AccountState.NOT_CONNECTED]


def type_state(ticket_type: TicketType, event: Event, now: datetime) -> str:
    """One word (STATES) for a ticket type of an event that comes `with_seller`."""
    if ticket_type.stopped_at:
        return "stopped"
    state = str(ticket_status(ticket_type, event, account_of(event), event.organization, now))
    return "draft" if event.status == Event.Status.DRAFT and state in ("on_sale", "not_started") else state


def access_link(event: Event, ticket_type: TicketType) -> str:
    """The address under which a hidden ticket type shows."""
    return (
        f"{settings.SITE_URL}{reverse('ticketing:event', args=[event.slug])}?ticket={ticket_type.public_id}"
    )


def types_with_orders(types: Sequence[TicketType]) -> set[int]:
    """Which of these types somebody has ordered, paid or not: those can't be removed."""
    ordered = TicketType.objects.filter(pk__in=[each.pk for each in types], order_lines__isnull=False)
    return set(ordered.values_list("pk", flat=True).distinct())
