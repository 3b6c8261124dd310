"""The queue of disputes by their deadlines, and the desk of one: facts, texts, money, and what has happened.

Amounts are minor units of the dispute's currency; sums are by currency, never across.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import AuditEntry
from adminpanel.selectors.audit import AuditRow
from adminpanel.selectors.dispute_facts import Fact, list_facts
from adminpanel.selectors.messages_sent import MessageRow, read_messages
from adminpanel.selectors.pages import PAGE_SIZE, NumberedPage, Tab
from ticketing.access import DISPUTE
from ticketing.dispute_words import EVIDENCE, reason_in_words, status_in_words
from ticketing.models import Dispute
from ticketing.selectors.dispute_pages import TONES
from ticketing.selectors.disputes import DisputeDetail, can_answer, get_dispute_detail
from ticketing.services.dispute_answers import OPEN
from ticketing.services.dispute_evidence import FIELDS, read_order

SOON_DAYS = 3
TABS: dict[str, Promise] = {
    "reply": gettext_lazy("Reply needed"),
    "review": gettext_lazy("Under review"),
    "staff": gettext_lazy("Needs a decision"),
    "won": gettext_lazy("Won"),
    "lost": gettext_lazy("Lost"),
    "accepted": gettext_lazy("Accepted"),
    "ended": gettext_lazy("Ended early"),
}
ALWAYS_SHOWN = ("reply", "review", "won", "lost")
DECIDED = ("won", "lost", "accepted", "ended")


@dataclass(frozen=True)
class QueueRow:
    """One dispute of the queue; its order, event and organization are read."""

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
    def can_answer(self) -> bool:
        return can_answer(self.dispute)

    @property
    def left(self) -> str:
        """How long an answer has: 2 days; empty where none can be given, or Stripe names no day."""
        due_by = self.dispute.due_by
        if due_by is None or not self.can_answer:
            return ""
        days = (due_by - timezone.now()).days
        return (
            ngettext("%(days)d day left", "%(days)d days left", days) % {"days": days}
            if days
            else _("Less than a day")
        )

    @property
    def is_soon(self) -> bool:
        due_by = self.dispute.due_by
        return self.can_answer and due_by is not None and (due_by - timezone.now()).days < SOON_DAYS


@dataclass(frozen=True)
class Disputed:
    """What is disputed in one currency."""

    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class Queue(NumberedPage):
    """One page of a tab; `waiting` is what can still be answered, by currency."""

    rows: list[QueueRow]
    tabs: list[Tab]
    tab: str
    waiting: list[Disputed]
    number: int
    count: int

    @property
    def is_first_use(self) -> bool:
        """No dispute ever."""
        return not any(tab.count for tab in self.tabs)

    @property
    def waiting_count(self) -> int:
        return next(tab.count for tab in self.tabs if tab.key == "reply")

    @property
    def is_decided(self) -> bool:
        return self.tab in DECIDED


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything about one dispute."""

    detail: DisputeDetail
    facts: list[Fact]
    messages: list[MessageRow]
    history: list[AuditRow]

    @property
    def dispute(self) -> Dispute:
        return self.detail.dispute

    @cached_property
    def row(self) -> QueueRow:
        return QueueRow(self.dispute)

    @property
    def texts(self) -> list[tuple[Promise, str]]:
        """What the bank gets, or got: the draft, or without one what the facts make."""
        return list_texts(self.dispute.evidence or self.detail.assembled)

    @property
    def is_sent(self) -> bool:
        return self.dispute.answer == Dispute.Answer.EVIDENCE

    @property
    def at_stake_amount(self) -> int:
        """What a loss costs all of us together, Stripe's fee included; the fee is gone on a win as well."""
        return self.dispute.amount + self.dispute.fee_amount

    @property
    def ours_amount(self) -> int:
        """What of the disputed amount is the platform's own to bear."""
        return self.dispute.withdrawn_amount - self.dispute.share_amount

    @property
    def net_amount(self) -> int:
        """What it has done to our balance at Stripe so far."""
        dispute = self.dispute
        settled = self.detail.receivable.settled_amount if self.detail.receivable else 0
        came = dispute.reinstated_amount + dispute.recovered_amount + settled
        return came - dispute.withdrawn_amount - dispute.fee_amount - self.detail.returned_amount


def list_texts(texts: dict[str, str]) -> list[tuple[Promise, str]]:
    """The texts of an answer that say something, in the order of the form, with their labels."""
    return [(EVIDENCE[name], texts[name]) for name in FIELDS if texts.get(name)]


def read_queue(*, tab: str = "", number: int = 1) -> Queue:
    """A page of a tab, in three statements; an unknown tab is the first one."""
    tab = tab if tab in TABS else next(iter(TABS))
    parts = _parts(timezone.now())
    counts = Dispute.objects.aggregate(**{key: Count("pk", filter=part) for key, part in parts.items()})
    number = max(1, min(number, -(-counts[tab] // PAGE_SIZE)))
    begin = (number - 1) * PAGE_SIZE
    found = Dispute.objects.filter(parts[tab]).select_related("order__event", "organization")
    is_decided = tab in DECIDED
    ordered = (
        found.order_by("-closed_at", "-pk")
        if is_decided
        else found.order_by(F("due_by").asc(nulls_last=True), "pk")
    )
    shown = [key for key in TABS if counts[key] or key in ALWAYS_SHOWN or key == tab]
    return Queue(
        rows=[QueueRow(dispute) for dispute in ordered[begin : begin + PAGE_SIZE]],
        tabs=[Tab(key, TABS[key], counts[key], key == tab) for key in shown],
        tab=tab,
        waiting=_sum(Dispute.objects.filter(parts["reply"])),
        number=number,
        count=counts[tab],
    )


def find_dispute(stripe_id: str) -> Dispute | None:
    """A dispute by Stripe's id, with order, event, organization and payment."""
    if not DISPUTE.fullmatch(stripe_id):
        return None
    disputes = Dispute.objects.select_related(
        "order__event",
        "order__organization",
        "organization",
        "payment",
        "receivable",
        "statement_by",
        "answered_by",
    )
    return disputes.filter(stripe_dispute_id=stripe_id).first()


def read_desk(dispute: Dispute) -> Desk:
    """The desk of a dispute that `find_dispute` found, in a fixed number of statements."""
    key = dispute.stripe_dispute_id
    kinds = ("dispute_opened", "dispute_due", "dispute_closed")
    keys = [Q(key__startswith=f"{kind}:{key}:") for kind in kinds]
    entries = AuditEntry.objects.select_related("actor", "organization").filter(
        subject=f"order:{dispute.order.code}", action__startswith="dispute.", after__dispute=key
    )
    order = read_order(dispute)
    return Desk(
        detail=get_dispute_detail(dispute, order=order),
        facts=list_facts(dispute, order),
        messages=read_messages(keys[0] | keys[1] | keys[2]),
        history=[AuditRow(entry) for entry in entries.order_by("-id")],
    )


def _parts(now: datetime) -> dict[str, Q]:
    """Which disputes each tab has."""
    is_open, in_time = Q(closed_at=None), Q(due_by=None) | Q(due_by__gt=now)
    reply = is_open & Q(status__in=OPEN, answer="") & in_time
    closed = Q(closed_at__isnull=False)
    lost, accepted = closed & Q(status=Dispute.Status.LOST), Q(answer=Dispute.Answer.ACCEPTED)
    won = closed & Q(status=Dispute.Status.WON)
    early = (Dispute.Status.WARNING_CLOSED, Dispute.Status.PREVENTED)
    return {
        "reply": reply,
        "review": is_open & ~reply,
        "staff": Q(needs_staff=True),
        "won": won,
        "lost": lost & ~accepted,
        "accepted": lost & accepted,
        "ended": closed & Q(status__in=early),
    }


def _sum(disputes: QuerySet[Dispute]) -> list[Disputed]:
    rows = disputes.values("currency").annotate(amount=Sum("amount")).order_by("currency")
    return [Disputed(row["amount"], row["currency"]) for row in rows]
