"""Money that came and isn't what was asked for: it is kept apart until staff say whether it is a sale or goes back.

C is what the buyer was charged, A the application fee, both by Stripe's own objects. Nobody has earned any of it, so
it stands against `suspense`. What Stripe has sent on to an organizer is owed to that organizer as long as it lies
there, since its balance and our books must agree; taken back, it is in suspense again. When all has gone back, suspense
is as it was; when staff accept the payment, these postings are undone and the sale is posted in their place.
"""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organization
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.posting import Line, credit, debit, post, reverse
from ticketing.models import ApplicationFeeRefund, Dispute, Order, Payment, Refund, TransferReversal


@dataclass(frozen=True)
class Received:
    """A payment's money as it came. `organization` has the account it went on to; None: no account that we know."""

    amount: int
    currency: str
    application_fee_amount: int
    organization: Organization | None

    @classmethod
    def of(cls, payment: Payment) -> "Received":
        kept = payment.received
        assert kept is not None, payment.pk
        owner = Organization.objects.filter(pk=kept["organization"]).first()
        return cls(kept["amount"], kept["currency"], kept["application_fee_amount"], owner)


def review_received(order: Order, payment: Payment, *, at: datetime) -> None:
    """The charge, and what Stripe has made of it as far as is known: its own fee, the transfer, our fee."""
    came = Received.of(payment)
    assert payment.charge_id is not None, payment.pk
    lines = [debit(chart.platform(), came.amount), credit(chart.suspense_unmatched(), came.amount)]
    _post("review_charge", payment.charge_id, order, came, lines, at=at)
    if payment.balance_transaction_id and payment.stripe_fee_amount:
        fee = payment.stripe_fee_amount
        lines = [debit(chart.expense_stripe_fees(), fee), credit(chart.platform(), fee)]
        _post("review_stripe_fee", payment.balance_transaction_id, order, came, lines, at=at)
    if payment.transfer_id:
        _post("review_transfer", payment.transfer_id, order, came, _sent(came, came.amount), at=at)
    if payment.application_fee_id and came.application_fee_amount:
        lines = _taken(came, came.application_fee_amount)
        _post("review_application_fee", payment.application_fee_id, order, came, lines, at=at)


def review_refunded(order: Order, payment: Payment, given: Refund, *, at: datetime) -> None:
    """R goes back to the buyer."""
    assert given.stripe_refund_id is not None, given.code
    lines = [debit(chart.suspense_unmatched(), given.amount), credit(chart.platform(), given.amount)]
    _post("review_refund", given.stripe_refund_id, order, Received.of(payment), lines, at=at)


def review_transfer_reversed(order: Order, taken: TransferReversal, *, at: datetime) -> None:
    """With a refund, the transfer comes back from whoever had it."""
    assert taken.stripe_id is not None, taken.pk
    came = Received.of(taken.payment)
    _post("review_transfer_reversed", taken.stripe_id, order, came, _taken(came, taken.amount), at=at)


def review_fee_refunded(order: Order, given: ApplicationFeeRefund, *, at: datetime) -> None:
    """With a refund, a part of the application fee goes on to whoever had the transfer."""
    assert given.stripe_id is not None, given.pk
    came = Received.of(given.payment)
    _post("review_fee_refunded", given.stripe_id, order, came, _sent(came, given.amount), at=at)


def review_owed(order: Order, payment: Payment, source: str, *, amount: int, at: datetime) -> None:
    """A refund without its reversal, or a lost dispute (`source`): the organizer owes us what it has of it."""
    lines = [
        debit(chart.receivable_organizer(order.organization), amount),
        credit(chart.suspense_unmatched(), amount),
    ]
    _post("review_owed", source, order, Received.of(payment), lines, at=at)


def review_dispute_lost(order: Order, payment: Payment, lost: Dispute, *, amount: int, at: datetime) -> None:
    """The bank gave the buyer D: `amount` of it was still here, and what had gone back before is our loss."""
    lines = [
        debit(chart.suspense_unmatched(), amount),
        debit(chart.expense_dispute_loss(), lost.withdrawn_amount - amount),
        credit(chart.dispute(lost.stripe_dispute_id, order.organization), lost.withdrawn_amount),
    ]
    _post("dispute_lost", lost.stripe_dispute_id, order, Received.of(payment), lines, at=at)


def review_paid_otherwise(order: Order, payment: Payment, given: Refund, *, at: datetime) -> None:
    """R failed at Stripe, and we paid the buyer from our bank."""
    assert given.stripe_refund_id is not None, given.code
    lines = [debit(chart.suspense_unmatched(), given.amount), credit(chart.bank_platform(), given.amount)]
    _post("review_paid_otherwise", given.stripe_refund_id, order, Received.of(payment), lines, at=at)


def undo_review(source: str, *kinds: str, at: datetime) -> None:
    """Take back what was posted from one of Stripe's objects."""
    for posted in LedgerTransaction.objects.filter(kind__in=kinds, source=source).order_by("pk"):
        reverse(posted, source=source, occurred_at=at)


def review_accepted(payment: Payment, *, at: datetime) -> None:
    """It is a sale after all: what was kept apart is undone, and the sale's own postings follow."""
    undo_review(payment.charge_id or "", "review_charge", at=at)
    undo_review(payment.balance_transaction_id, "review_stripe_fee", at=at)
    undo_review(payment.transfer_id, "review_transfer", at=at)
    undo_review(payment.application_fee_id, "review_application_fee", at=at)


def _sent(came: Received, amount: int) -> list[Line]:
    """From our balance to the organizer's, who is owed it while it lies there."""
    if came.organization is None:
        return [debit(chart.suspense_unmatched(), amount), credit(chart.platform(), amount)]
    return [
        debit(chart.connected(came.organization), amount),
        debit(chart.suspense_unmatched(), amount),
        credit(chart.platform(), amount),
        credit(chart.organizer(came.organization), amount),
    ]


def _taken(came: Received, amount: int) -> list[Line]:
    """From the organizer's balance to ours."""
    return [Line(line.account, -line.amount) for line in _sent(came, amount)]


def _post(kind: str, source: str, order: Order, came: Received, lines: list[Line], *, at: datetime) -> None:
    post(
        kind,
        source=source,
        currency=came.currency,
        organization=came.organization,
        subject=f"order:{order.code}",
        occurred_at=at,
        lines=lines,
    )
