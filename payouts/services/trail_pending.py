"""What of an order's money is still to move: asked for, or expected of Stripe, and not in the ledger yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Q

from ledger.models import LedgerTransaction
from payouts.wording.trail import in_words
from ticketing.models import (
    ApplicationFeeRefund,
    Order,
    OrganizerReceivable,
    OrganizerTransfer,
    Payment,
    Refund,
    TransferReversal,
)


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Something to come, by the ledger's kind that it will have; `amount` only where it is certain, minor units."""

    kind: str
    words: str
    amount: int | None
    currency: str


def list_pending(order: Order, postings: Sequence[LedgerTransaction]) -> list[Pending]:
    """What the order's payments, refunds, receivables and transfers still wait for. No figure is guessed."""
    found = [*_of_payments(order, {posted.kind for posted in postings})]
    asked = Refund.objects.filter(order=order, status=Refund.Status.REQUESTED)
    found += [("refund", one.amount) for one in asked]
    of_refund = Q(payment__order=order, status="requested")
    found += [("fee_refunded", one.amount) for one in ApplicationFeeRefund.objects.filter(of_refund)]
    for taken in TransferReversal.objects.filter(of_refund):
        found.append(("dispute_recovered" if taken.dispute_id else "receivable_recovered", taken.amount))
    for sent in OrganizerTransfer.objects.filter(order=order, status="requested"):
        found.append(("dispute_returned" if sent.dispute_id else "organizer_made_whole", sent.amount))
    receivables = OrganizerReceivable.objects.filter(Q(refund__order=order) | Q(dispute__order=order))
    owed = sum(one.open_amount for one in receivables)
    under_way = sum(amount or 0 for kind, amount in found if kind == "receivable_recovered")
    if owed > under_way:
        found.append(("receivable_recovered", owed - under_way))
    return [
        Pending(kind=kind, words=in_words(kind), amount=amount, currency=order.currency)
        for kind, amount in found
    ]


def _of_payments(order: Order, posted: set[str]) -> Iterator[tuple[str, int | None]]:
    """What Stripe makes of a charge only after it: its own fee, the transfer, the application fee."""
    for payment in Payment.objects.filter(order=order, status=Payment.Status.SUCCEEDED):
        if payment.charge_id is None:
            continue
        if payment.stripe_fee_amount is None:
            yield "stripe_fee", None
        if "transfer" not in posted:
            yield "transfer", payment.amount
        if "application_fee" not in posted and payment.application_fee_amount:
            yield "application_fee", payment.application_fee_amount
