"""The audit log as staff search it: by who, what, whose and when; newest first, one page by key among millions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property

from django.db.models import Q
from django.urls import reverse

from accounts.models import AuditEntry
from adminpanel.selectors.audit_filters import AuditFilters, filter_entries
from adminpanel.selectors.audit_words import Difference, action_in_words, differences, masked, values_of
from adminpanel.selectors.pages import PageByKey

PAGE_SIZE = 25
BATCH = 500
COLUMNS = (
    "at_utc",
    "who",
    "as",
    "action",
    "organization",
    "subject",
    "before",
    "after",
    "reason",
    "request_id",
)
# Staff's pages about subjects, by what they are.
PAGES = {
    "order": "adminpanel:transaction",
    "payout": "adminpanel:payout",
    "organization": "adminpanel:organization",
}


@dataclass(frozen=True)
class AuditRow:
    """One entry in words; its actor and organization are read."""

    entry: AuditEntry

    @property
    def what(self) -> str:
        return action_in_words(self.entry.action)

    @property
    def who(self) -> str:
        """The person, or what acted without one."""
        actor = self.entry.actor
        return str(actor.email) if actor else str(self.entry.get_actor_kind_display())

    @property
    def role(self) -> str:
        """As what the person acted; nothing where nobody did."""
        return str(self.entry.get_actor_kind_display()) if self.entry.actor else ""

    @property
    def subject(self) -> str:
        return masked(self.entry.subject)

    @property
    def subject_url(self) -> str:
        """Staff's page about the subject, if there is one."""
        kind, _colon, name = self.entry.subject.partition(":")
        is_named = bool(name) and not name.isdecimal()  # the Django admin's entries have numbers
        return reverse(PAGES[kind], args=[name]) if kind in PAGES and is_named else ""

    @property
    def reason(self) -> str:
        return masked(self.entry.reason)

    @property
    def has_before(self) -> bool:
        """Whether there is anything to compare with; what begins has nothing before it."""
        return bool(self.entry.before)

    @cached_property
    def differences(self) -> list[Difference]:
        return differences(self.entry.before, self.entry.after)


@dataclass(frozen=True, kw_only=True)
class AuditPage(PageByKey):
    """One page of the log; `newer` and `older` lead on where there is more."""

    rows: list[AuditRow]
    filters: AuditFilters
    newer: str = ""
    older: str = ""


def list_entries(filters: AuditFilters, *, before: str = "", after: str = "") -> AuditPage:
    """A page of the log in one statement, one more for a person or organization that is searched for.

    `before` and `after` are entries' numbers: what is older or newer than them; without either the newest.
    """
    matching = filter_entries(filters)
    edge = _edge(after or before)
    if after and edge:
        found = list(matching.filter(_newer_than(edge)).order_by("at", "id")[: PAGE_SIZE + 1])
    else:
        found = list((matching.filter(_older_than(edge)) if edge else matching)[: PAGE_SIZE + 1])
    is_back = bool(after and edge)
    has_more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    if is_back:
        found.reverse()
    newest, oldest = (str(found[0].pk), str(found[-1].pk)) if found else ("", "")
    return AuditPage(
        rows=[AuditRow(entry) for entry in found],
        filters=filters,
        newer=newest if (has_more if is_back else edge) else "",
        older=oldest if (is_back or has_more) else "",
    )


def export_rows(filters: AuditFilters) -> Iterator[tuple[object, ...]]:
    """Every matching entry, newest first, below the names of the columns; read by the key, a few hundred at a time."""
    yield COLUMNS
    matching = filter_entries(filters)
    batch = list(matching[:BATCH])
    while batch:
        yield from (_export(AuditRow(entry)) for entry in batch)
        batch = list(matching.filter(_older_than(batch[-1]))[:BATCH])


def _export(row: AuditRow) -> tuple[object, ...]:
    entry = row.entry
    return (
        f"{entry.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        row.who,
        entry.actor_kind,
        entry.action,
        entry.organization.slug if entry.organization else "",
        row.subject,
        values_of(entry.before),
        values_of(entry.after),
        row.reason,
        entry.request_id,
    )


def _edge(number: str) -> AuditEntry | None:
    is_number = number.isascii() and number.isdecimal() and len(number) < len(str(2**63))
    return AuditEntry.objects.only("at").filter(pk=int(number)).first() if is_number else None


def _older_than(edge: AuditEntry) -> Q:
    # The first part by itself, so that the index is entered where the page begins.
    return Q(at__lte=edge.at) & (Q(at__lt=edge.at) | Q(id__lt=edge.pk))


def _newer_than(edge: AuditEntry) -> Q:
    return Q(at__gte=edge.at) & (Q(at__gt=edge.at) | Q(id__gt=edge.pk))
