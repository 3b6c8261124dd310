"""How the audit log is narrowed down: by what stands in the address; each filter by an index of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Organization, User
from adminpanel.selectors.audit_words import action_in_words

LONGEST_SEARCH = 200
# So many people or organizations are looked for by a part of their name; with more, one has to say more.
MOST_FOUND = 20
YEARS = range(2000, 2200)
# What a subject may be; whoever searches types its code alone.
SUBJECTS = ("order", "refund", "dispute", "payout", "event", "organization", "plan", "message", "account")
# Each action once, found by leaping through the index: no look at millions of entries.
ACTIONS = """
WITH RECURSIVE known(action) AS (
    (SELECT action FROM accounts_auditentry ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (SELECT action FROM accounts_auditentry WHERE action > known.action ORDER BY action LIMIT 1)
    FROM known WHERE known.action IS NOT NULL
)
SELECT action FROM known WHERE action IS NOT NULL ORDER BY action
"""


@dataclass(frozen=True, kw_only=True)
class AuditFilters:
    """What the log is narrowed down to; empty parts narrow nothing. Days are UTC, both included."""

    who: str = ""
    kind: str = ""
    action: str = ""
    organization: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_active(self) -> bool:
        return self != AuditFilters()

    def query(self, **more: str) -> str:
        """The filters as the address has them, with more parameters behind them."""
        values = {
            "who": self.who,
            "kind": self.kind,
            "action": self.action,
            "organization": self.organization,
            "subject": self.subject,
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
        }
        return urlencode({name: value for name, value in {**values, **more}.items() if value})


def read_filters(given: Mapping[str, str]) -> AuditFilters:
    """The filters of an address; what isn't one is left out, so that an old link still shows something."""

    def text(name: str) -> str:
        return " ".join(given.get(name, "").replace("\x00", "").split())[:LONGEST_SEARCH]

    kind = text("kind")
    return AuditFilters(
        who=text("who"),
        kind=kind if kind in AuditEntry.Actor.values else "",
        action=text("action"),
        organization=text("organization"),
        subject=text("subject"),
        since=_day(given.get("from", "")),
        until=_day(given.get("to", "")),
    )


def list_actions() -> list[tuple[str, str]]:
    """Every action that the log knows, with its words; one statement, as many index probes as there are actions."""
    with connection.cursor() as cursor:
        cursor.execute(ACTIONS)
        return [(action, action_in_words(action)) for (action,) in cursor.fetchall()]


def filter_entries(filters: AuditFilters) -> QuerySet[AuditEntry]:
    """The entries that fit, newest first, with actor and organization."""
    entries = AuditEntry.objects.select_related("actor", "organization").order_by("-at", "-id")
    if filters.who:
        entries = entries.filter(actor__in=_people(filters.who))
    if filters.kind:
        entries = entries.filter(actor_kind=filters.kind)
    if filters.action:
        entries = entries.filter(action=filters.action)
    if filters.organization:
        entries = entries.filter(organization__in=_organizations(filters.organization))
    if filters.subject:
        entries = entries.filter(subject__in=_subjects(filters.subject))
    if filters.since:
        entries = entries.filter(at__gte=_midnight(filters.since))
    if filters.until:
        entries = entries.filter(at__lt=_midnight(filters.until) + timedelta(days=1))
    return entries


def without(filters: AuditFilters, name: str) -> str:
    """The address of the log without one of its filters."""
    empty: dict[str, Any] = {name: getattr(AuditFilters(), name)}
    return replace(filters, **empty).query()


def list_chips(filters: AuditFilters) -> list[tuple[str, str, str]]:
    """A chip for each active filter: its label, its value, and the address without it."""
    labels = {
        "who": _("Who"),
        "kind": _("As"),
        "action": _("What"),
        "organization": _("Organization"),
        "subject": _("About"),
        "since": _("From"),
        "until": _("Until"),
    }
    words = {
        "action": action_in_words(filters.action),
        "kind": str(dict(AuditEntry.Actor.choices).get(filters.kind, "")),
    }
    return [
        (label, words.get(name, str(getattr(filters, name))), without(filters, name))
        for name, label in labels.items()
        if getattr(filters, name)
    ]


def _people(who: str) -> list[int]:
    """The people whose address begins so."""
    found = User.objects.filter(email__startswith=who.lower()).order_by("email")
    return list(found.values_list("pk", flat=True)[:MOST_FOUND])


def _organizations(name: str) -> list[int]:
    """The organization with this address, else those with it in their name."""
    by_slug = list(Organization.objects.filter(slug=name.lower()).values_list("pk", flat=True))
    by_name = Organization.objects.filter(name__icontains=name).order_by("name", "id")
    return by_slug or list(by_name.values_list("pk", flat=True)[:MOST_FOUND])


def _subjects(subject: str) -> list[str]:
    """What the subject may be called in the log: whole, or the code alone, in its own letters or in capitals."""
    codes = dict.fromkeys((subject, subject.upper()))
    return [*codes, *(f"{kind}:{code}" for kind in SUBJECTS for code in codes)]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
