"""Disputes as their organizer sees them: the list in two tabs, and one with its money and what has happened.

Amounts are minor units of the dispute's currency.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry, Organization
from maly.money import format_amount
from ticketing.dispute_words import (
    EVIDENCE,
    news_in_words,
    reason_in_words,
    status_in_words,
    step_in_words,
)
from ticketing.models import Dispute, OrganizerReceivable, OrganizerTransfer
from ticketing.selectors.disputes import can_answer
from ticketing.services.dispute_evidence import FIELDS, assemble_evidence

PAGE_SIZE = 25
TABS: dict[str, tuple[Promise, Q]] = {
    "open": (gettext_lazy("Open"), Q(closed_at=None)),
    "closed": (gettext_lazy("Closed"), Q(closed_at__isnull=False)),
}
TONES: dict[str, str] = {
    Dispute.Status.WARNING_NEEDS_RESPONSE: "warning",
    Dispute.Status.WARNING_UNDER_REVIEW: "info",
    Dispute.Status.NEEDS_RESPONSE: "danger",
    Dispute.Status.UNDER_REVIEW: "info",
    Dispute.Status.WON: "success",
}
# Of the steps that are logged, those that are nobody's but staff's; what was taken is told by the reversals.
OURS = ("dispute.draft_saved", "dispute.settled_by_staff", "dispute.recovered")


@dataclass(frozen=True)
class DisputeRow:
    """One dispute, read by `_with_money`: in words, and what it has cost its organizer so far."""

    dispute: Dispute

    @property
    def word(self) -> str:
        return status_in_words(self.dispute)

    @property
    def tone(self) -> str:
        return TONES.get(self.dispute.status, "")

    @property
    def reason(self) -> str:
        return reason_in_words(self.dispute.reason)

    @property
    def news(self) -> str:
        return news_in_words(self.dispute)

    @property
    def can_answer(self) -> bool:
        return can_answer(self.dispute)

    @property
    def receivable(self) -> OrganizerReceivable | None:
        return getattr(self.dispute, "receivable", None)

    @property
    def taken_amount(self) -> int:
        """What left the organizer's balance for it: while it was open, and afterwards for what was missing."""
        settled = self.receivable.settled_amount if self.receivable else 0
        return self.dispute.recovered_amount + settled

    @property
    def returned_amount(self) -> int:
        return int(self.dispute.given_amount)  # type: ignore[attr-defined]

    @property
    def cost_amount(self) -> int:
        return self.taken_amount - self.returned_amount

    @property
    def owed_amount(self) -> int:
        """What is still to be taken: of the share while it is open, of what is owed once it is lost."""
        if self.dispute.is_closed:
            return self.receivable.open_amount if self.receivable else 0
        if not self.dispute.withdrawn_amount or self.dispute.reinstated_amount:
            return 0
        return max(0, self.dispute.share_amount - self.dispute.recovered_amount)

    @property
    def back_amount(self) -> int:
        """What comes back on a win, or is on its way back since one."""
        return 0 if self.dispute.is_closed and self.dispute.status != Dispute.Status.WON else self.cost_amount


@dataclass(frozen=True)
class DisputeTab:
    """One tab with its number of disputes."""

    key: str
    label: Promise
    count: int
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class DisputeIndex:
    """One page of the list, newest first."""

    rows: list[DisputeRow]
    tabs: list[DisputeTab]
    tab: str
    newer: str = ""
    older: str = ""

    @property
    def is_first_use(self) -> bool:
        """No dispute ever."""
        return not any(tab.count for tab in self.tabs)

    @property
    def newer_query(self) -> str:
        return urlencode({"tab": self.tab, "after": self.newer}) if self.newer else ""

    @property
    def older_query(self) -> str:
        return urlencode({"tab": self.tab, "before": self.older}) if self.older else ""


@dataclass(frozen=True)
class Step:
    """One thing that happened; `amount` is what it moved for the organizer, below 0 where it left its balance."""

    at: datetime
    words: str
    detail: str = ""
    amount: int | None = None


@dataclass(frozen=True)
class DisputeDetail(DisputeRow):
    """One dispute with what has happened, and what the bank is told."""

    steps: list[Step]
    texts: list[tuple[str | Promise, str]]

    @property
    def share_words(self) -> str:
        """Why the share is less than what is disputed."""
        dispute = self.dispute
        if not dispute.withdrawn_amount or dispute.share_amount == dispute.amount:
            return ""
        ours = format_amount(dispute.withdrawn_amount - dispute.share_amount, dispute.currency)
        return _("%(platform)s bears %(amount)s of it: its own fee of the sale.") % {
            "platform": settings.PLATFORM_NAME,
            "amount": ours,
        }

    @property
    def less_taken_amount(self) -> int:
        return -self.taken_amount

    @property
    def is_sent(self) -> bool:
        """Whether what stands on the page is what the bank got."""
        return self.dispute.answer == Dispute.Answer.EVIDENCE


def has_disputes(organization: Organization) -> bool:
    return Dispute.objects.filter(organization=organization).exists()


def list_dispute_rows(
    organization: Organization, *, tab: str = "", before: str = "", after: str = ""
) -> DisputeIndex:
    """A page of a tab's disputes, in two statements: older than `before`, newer than `after` (Stripe's ids), or newest.

    An unknown tab is the first one.
    """
    tab = tab if tab in TABS else next(iter(TABS))
    all_of_them = Dispute.objects.filter(organization=organization)
    counts = all_of_them.aggregate(**{key: Count("id", filter=part) for key, (_label, part) in TABS.items()})
    found = _page(all_of_them.filter(TABS[tab][1]), all_of_them, before, after)
    has_more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    if after:
        found.reverse()
    newest, oldest = (found[0].stripe_dispute_id, found[-1].stripe_dispute_id) if found else ("", "")
    return DisputeIndex(
        rows=[DisputeRow(dispute) for dispute in found],
        tabs=[DisputeTab(key, label, counts[key], key == tab) for key, (label, _part) in TABS.items()],
        tab=tab,
        newer=newest if (has_more if after else before) else "",
        older=oldest if (after or has_more) else "",
    )


def dispute_detail(dispute: Dispute) -> DisputeDetail:
    """The page of one dispute in a fixed number of statements."""
    dispute = _with_money(Dispute.objects.filter(pk=dispute.pk)).get()
    return DisputeDetail(
        dispute=dispute,
        steps=sorted(_steps(dispute), key=lambda step: step.at, reverse=True),
        texts=_texts(dispute),
    )


def _page(matching: QuerySet[Dispute], known: QuerySet[Dispute], before: str, after: str) -> list[Dispute]:
    """One dispute more than the page has, beginning at the page's edge."""
    disputes = _with_money(matching)
    edge = known.filter(stripe_dispute_id=(after or before).replace("\x00", "")).values("id")[:1]
    if after:
        return list(disputes.filter(id__gt=edge).order_by("id")[: PAGE_SIZE + 1])
    if before:
        disputes = disputes.filter(id__lt=edge)
    return list(disputes.order_by("-id")[: PAGE_SIZE + 1])


def _with_money(disputes: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """With order, event, payment and what is owed, and what was given back since it was won."""
    given = OrganizerTransfer.objects.filter(dispute=OuterRef("pk"), status="succeeded").order_by()
    total = given.values("dispute").annotate(total=Sum("amount")).values("total")
    return disputes.select_related(
        "order__event", "order__organization", "payment", "receivable", "statement_by"
    ).annotate(given_amount=Coalesce(Subquery(total), 0))


def _steps(dispute: Dispute) -> Iterator[Step]:
    entries = AuditEntry.objects.select_related("actor").filter(
        subject=f"order:{dispute.order.code}",
        action__startswith="dispute.",
        after__dispute=dispute.stripe_dispute_id,
    )
    for entry in entries.exclude(action__in=OURS):
        yield Step(entry.at, step_in_words(entry.action.removeprefix("dispute."), _who(entry)))
    for taken in dispute.reversals.filter(status="succeeded"):
        yield Step(taken.created_at, _("Taken from your Stripe balance"), amount=-taken.amount)
    for given in dispute.organizer_transfers.filter(status="succeeded"):
        yield Step(given.created_at, _("Given back to your Stripe balance"), amount=given.amount)


def _who(entry: AuditEntry) -> str:
    """A member of the team by name; staff are the platform."""
    if entry.actor_kind == AuditEntry.Actor.MEMBER and entry.actor is not None:
        return str(entry.actor.name or entry.actor.email)
    return str(settings.PLATFORM_NAME)


def _texts(dispute: Dispute) -> list[tuple[str | Promise, str]]:
    """What was sent to the bank, or what our facts make so far; nothing of a dispute that got no evidence."""
    sent = dispute.evidence if dispute.answer == Dispute.Answer.EVIDENCE else {}
    texts = sent or (assemble_evidence(dispute) if can_answer(dispute) else {})
    return [(EVIDENCE[name], texts[name]) for name in FIELDS if texts.get(name)]
