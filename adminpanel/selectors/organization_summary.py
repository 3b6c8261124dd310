"""The Summary and Events of one organization as staff see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, Membership, Organization
from adminpanel.selectors.audit import AuditRow
from adminpanel.selectors.audit_filters import AuditFilters, filter_entries
from adminpanel.selectors.fees import rate_in_words
from adminpanel.selectors.organization import Head
from adminpanel.selectors.organizations import disputes_of, rate_of, recent
from adminpanel.selectors.revenue import Figures, sum_revenue
from connect.errors import CurrencyNotSupported
from connect.requirements import disabled_reason_words, requirements_in_words
from connect.selectors import PaymentStatus, get_terms, status_of
from connect.services.fees import FeeTermsInForce
from ticketing.models import Event

DOLLARS = "usd"
TEAM_SHOWN = 20
ENTRIES_SHOWN = 4
EVENTS_SHOWN = 25
# An event's status in words, and the colour behind them.
STATES: dict[str, tuple[Promise, str]] = {
    "draft": (_("Draft"), ""),
    "published": (_("On sale"), "success"),
    "paused": (_("Sales paused"), "warning"),
    "flagged": (_("Sales paused"), "danger"),
    "ended": (_("Ended"), ""),
    "cancelled": (_("Cancelled"), "danger"),
}


@dataclass(frozen=True)
class CurrencyFigures:
    """What happened in one currency in the last 30 days, and since the organization joined."""

    currency: str
    recent: Figures
    ever: Figures


@dataclass(frozen=True, kw_only=True)
class StripeFacts:
    """How the organization stands with Stripe, in words."""

    status: PaymentStatus
    account_pk: int | None
    reason: str
    past_due: list[str]
    currently_due: list[str]
    later: list[str]

    @property
    def deadline(self) -> datetime | None:
        return self.status.requirements.current_deadline


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Everything on the Summary tab."""

    figures: list[CurrencyFigures]
    disputes: int
    orders: int
    stripe: StripeFacts
    team: list[Membership]
    entries: list[AuditRow]
    terms: FeeTermsInForce | None

    @property
    def dispute_rate(self) -> str:
        return rate_of(self.disputes, self.orders)

    @property
    def rate(self) -> str:
        return rate_in_words(self.terms) if self.terms else "–"


@dataclass(frozen=True)
class EventRow:
    """One event of the Events tab."""

    event: Event
    key: str

    @property
    def word(self) -> Promise:
        return STATES[self.key][0]

    @property
    def tone(self) -> str:
        return STATES[self.key][1]


@dataclass(frozen=True)
class EventList:
    """One page of the events, those that begin last first."""

    rows: list[EventRow]
    number: int
    has_next: bool


def read_summary(organization: Organization, head: Head) -> Summary:
    """The Summary tab in six statements; its head is read."""
    figures = list(_figures(organization))
    return Summary(
        figures=figures,
        disputes=disputes_of([organization]).get(organization.pk, 0),
        orders=sum(one.recent.order_count for one in figures),
        stripe=_stripe(head),
        team=list(_team(organization)),
        entries=[AuditRow(entry) for entry in _entries(organization)],
        terms=_terms(organization, figures[0].currency if figures else DOLLARS),
    )


def list_events(organization: Organization, *, number: int) -> EventList:
    """A page of the organization's events, in one statement."""
    first = (number - 1) * EVENTS_SHOWN
    events = Event.objects.filter(organization=organization).order_by("-starts_at", "-id")
    found = list(events[first : first + EVENTS_SHOWN + 1])
    rows = [EventRow(event, _state(event, organization)) for event in found[:EVENTS_SHOWN]]
    return EventList(rows, number, len(found) > EVENTS_SHOWN)


def _figures(organization: Organization) -> Iterable[CurrencyFigures]:
    """By currency, the one that sold most of late first."""
    ever = sum_revenue(organization=organization)
    lately = sum_revenue(recent(), organization=organization)
    found = [CurrencyFigures(code, lately.get(code, Figures()), sums) for code, sums in ever.items()]
    return sorted(found, key=lambda one: (-one.recent.order_count, one.currency))


def _stripe(head: Head) -> StripeFacts:
    status = status_of(head.account)
    due = status.requirements
    asked = {*due.past_due, *due.currently_due}
    return StripeFacts(
        status=status,
        account_pk=head.account.pk if head.account else None,
        reason=disabled_reason_words(due.disabled_reason),
        past_due=requirements_in_words(due.past_due),
        currently_due=requirements_in_words(code for code in due.currently_due if code not in due.past_due),
        later=requirements_in_words(code for code in due.eventually_due if code not in asked),
    )


def _team(organization: Organization) -> Iterable[Membership]:
    members = Membership.objects.filter(organization=organization).select_related("user")
    return members.order_by("created_at", "id")[:TEAM_SHOWN]


def _entries(organization: Organization) -> Iterable[AuditEntry]:
    return filter_entries(AuditFilters()).filter(organization=organization)[:ENTRIES_SHOWN]


def _terms(organization: Organization, currency: str) -> FeeTermsInForce | None:
    try:
        return get_terms(organization, currency)
    except CurrencyNotSupported:
        return None


def _state(event: Event, organization: Organization) -> str:
    if event.status == Event.Status.PUBLISHED:
        return "ended" if event.has_ended else "flagged" if organization.is_flagged else "published"
    return str(event.status)
