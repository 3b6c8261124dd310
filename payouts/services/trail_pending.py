"""What of an order's money is still to move: asked for, or expected of Stripe, and not in the ledger yet."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Expression, F, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

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

# What an organizer owes, as far as nothing has taken it yet.
OWED = "owed"


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Something to come, by the ledger's kind that it will have; `amount` only where it is certain, minor units."""

    kind: str
    words: str
    amount: int | None
    currency: str


def list_pending(order: Order, posted: Set[str]) -> list[Pending]:
    """What the order's payments, refunds, receivables and transfers still wait for; `posted` are the ledger's kinds.

    No figure is guessed. Payments and refunds are used as they were read, the rest takes one statement.
    """
    found = [*_of_payments(order, posted)]
    found += [("refund", one.amount) for one in order.refunds.all() if one.status == Refund.Status.REQUESTED]
    asked = _list_asked(order)
    found += [(kind, amount) for kind, amount in asked if kind != OWED]
    owed = sum(amount for kind, amount in asked if kind == OWED)
    under_way = sum(amount for kind, amount in asked if kind == "receivable_recovered")
    if owed > under_way:
        found.append(("receivable_recovered", owed - under_way))
    return [
        Pending(kind=kind, words=in_words(kind), amount=amount, currency=order.currency)
        for kind, amount in found
    ]


def _list_asked(order: Order) -> list[tuple[str, int]]:
    """What was asked of Stripe and isn't answered, by the kind that it will have, and what is OWED: one statement."""
    of_payment = Q(payment__order=order, status="requested")
    of_cause = Q(refund__order=order) | Q(dispute__order=order)
    left = F("amount") - F("settled_amount") - F("written_off_amount")
    parts = [
        _rows(0, ApplicationFeeRefund.objects.filter(of_payment), Value("fee_refunded")),
        _rows(
            1,
            TransferReversal.objects.filter(of_payment),
            _either("dispute_recovered", "receivable_recovered"),
        ),
        _rows(
            2,
            OrganizerTransfer.objects.filter(order=order, status="requested"),
            _either("dispute_returned", "organizer_made_whole"),
        ),
        _rows(3, OrganizerReceivable.objects.filter(of_cause), Value(OWED), left),
    ]
    together = parts[0].union(*parts[1:], all=True).order_by("place", "pk")
    return [(kind, amount) for _place, _pk, kind, amount in together]


def _rows(
    place: int, found: QuerySet[Any], kind: Expression, amount: Combinable | None = None
) -> QuerySet[Any, Any]:
    rows: QuerySet[Any] = found.annotate(
        place=Value(place), moves=kind, waits=amount or F("amount")
    ).order_by()
    return rows.values_list("place", "pk", "moves", "waits")


def _either(of_dispute: str, otherwise: str) -> Case:
    """A kind for what a dispute caused, and another for the rest."""
    return Case(When(dispute=None, then=Value(otherwise)), default=Value(of_dispute))


def _of_payments(order: Order, posted: Set[str]) -> Iterator[tuple[str, int | None]]:
    """What Stripe makes of a charge only after it: its own fee, the transfer, the application fee."""
    for payment in order.payments.all():
        if payment.status != Payment.Status.SUCCEEDED or payment.charge_id is None:
            continue
        if payment.stripe_fee_amount is None:
            yield "stripe_fee", None
        if "transfer" not in posted:
            yield "transfer", payment.amount
        if "application_fee" not in posted and payment.application_fee_amount:
            yield "application_fee", payment.application_fee_amount
