"""Disputes as staff and organizers see them: the queue by its deadlines, and one with everything about it."""

from dataclasses import dataclass

from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from accounts.models import Organization
from ticketing.dispute_words import reason_in_words, status_in_words
from ticketing.models import Dispute, Order, OrganizerReceivable
from ticketing.services.dispute_answers import OPEN
from ticketing.services.dispute_evidence import FIELDS, assemble_evidence


@dataclass(frozen=True, kw_only=True)
class DisputeDetail:
    """A dispute with its facts; amounts are minor units of its currency."""

    dispute: Dispute
    status: str
    reason: str
    can_answer: bool
    days_left: int | None
    assembled: dict[str, str]
    draft: dict[str, str]
    returned_amount: int
    receivable: OrganizerReceivable | None

    @property
    def evidence(self) -> list[tuple[str, str]]:
        """Each text of the form with what stands in it: the draft, or what our facts make."""
        texts = self.draft or self.assembled
        return [(name, texts.get(name, "")) for name in FIELDS]


def list_disputes(
    *,
    organization: Organization | None = None,
    status: str = "",
    only_open: bool = False,
    needs_staff: bool = False,
) -> QuerySet[Dispute]:
    """Disputes by their deadline, those without one last; in one statement, with order, event and organization."""
    disputes = Dispute.objects.select_related("order__event", "organization")
    if organization is not None:
        disputes = disputes.filter(organization=organization)
    if status:
        disputes = disputes.filter(status=status)
    if only_open:
        disputes = disputes.filter(closed_at=None)
    if needs_staff:
        disputes = disputes.filter(needs_staff=True)
    return disputes.order_by(F("due_by").asc(nulls_last=True), "pk")


def can_answer(dispute: Dispute) -> bool:
    """Whether the bank still takes an answer, and none was given."""
    return dispute.status in OPEN and not dispute.answer and not dispute.is_over


def get_dispute_detail(dispute: Dispute, *, order: Order | None = None) -> DisputeDetail:
    """Everything about a dispute, in a fixed number of statements; `order` as for `assemble_evidence`."""
    given = dispute.organizer_transfers.filter(status="succeeded")
    return DisputeDetail(
        dispute=dispute,
        status=status_in_words(dispute),
        reason=reason_in_words(dispute.reason),
        can_answer=can_answer(dispute),
        days_left=(dispute.due_by - timezone.now()).days if dispute.due_by else None,
        assembled=assemble_evidence(dispute, order=order),
        draft=dispute.evidence,
        returned_amount=given.aggregate(total=Sum("amount", default=0))["total"],
        receivable=getattr(dispute, "receivable", None),
    )
