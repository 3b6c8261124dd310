"""Which account is debited and credited by Premium's money: all of it is the platform's.

Each runs in the transaction of the row that it tells of, and posts once however often it is called.
"""

from datetime import datetime

from ledger import chart
from ledger.models import LedgerTransaction
from ledger.services.posting import Line, credit, debit, post, reverse
from premium.models import PremiumDispute, PremiumInvoice, PremiumRefund


def sale(invoice: PremiumInvoice) -> None:
    """The charge of an invoice: G is revenue. What credit settled was charged with an earlier one."""
    assert invoice.charge_id is not None, invoice.pk
    assert invoice.charged_at is not None, invoice.pk
    lines = [
        debit(chart.platform(), invoice.charged_amount),
        credit(chart.revenue_premium(), invoice.charged_amount),
    ]
    _post("premium_sale", invoice.charge_id, invoice, lines, at=invoice.charged_at)


def stripe_fee(invoice: PremiumInvoice) -> None:
    """Stripe's own fee of the charge, once it is known."""
    if not (invoice.stripe_fee_amount and invoice.charged_at):
        return
    lines = [
        debit(chart.expense_stripe_fees(), invoice.stripe_fee_amount),
        credit(chart.platform(), invoice.stripe_fee_amount),
    ]
    _post("premium_stripe_fee", invoice.balance_transaction_id, invoice, lines, at=invoice.charged_at)


def refund(given: PremiumRefund, *, at: datetime) -> None:
    """R goes back, and is no revenue; Stripe keeps its fee."""
    assert given.stripe_refund_id is not None, given.code
    lines = [debit(chart.revenue_premium(), given.amount), credit(chart.platform(), given.amount)]
    _post("premium_refund", given.stripe_refund_id, given.invoice, lines, at=at)


def refund_failed(given: PremiumRefund, *, at: datetime) -> None:
    """The bank sent R back: the refund's posting, if it came to one, is undone."""
    posted = LedgerTransaction.objects.filter(kind="premium_refund", source=given.stripe_refund_id).first()
    if posted is not None:
        reverse(posted, source=posted.source, occurred_at=at)


def dispute_opened(opened: PremiumDispute, *, at: datetime) -> None:
    """D and Stripe's fee d are taken from our balance until it is decided."""
    lines = [
        debit(chart.dispute(opened.stripe_dispute_id), opened.withdrawn_amount),
        debit(chart.expense_dispute_fees(), opened.fee_amount),
        credit(chart.platform(), opened.withdrawn_amount + opened.fee_amount),
    ]
    _post("premium_dispute_opened", opened.stripe_dispute_id, opened.invoice, lines, at=at)


def dispute_won(won: PremiumDispute, *, at: datetime) -> None:
    """D comes back, and of the fee what Stripe gives back."""
    lines = [
        debit(chart.platform(), won.reinstated_amount + won.fee_returned_amount),
        credit(chart.dispute(won.stripe_dispute_id), won.reinstated_amount),
        credit(chart.expense_dispute_fees(), won.fee_returned_amount),
    ]
    _post("premium_dispute_won", won.stripe_dispute_id, won.invoice, lines, at=at)


def dispute_lost(lost: PremiumDispute, *, at: datetime) -> None:
    """D is gone: our loss."""
    lines = [
        debit(chart.expense_dispute_loss(), lost.withdrawn_amount),
        credit(chart.dispute(lost.stripe_dispute_id), lost.withdrawn_amount),
    ]
    _post("premium_dispute_lost", lost.stripe_dispute_id, lost.invoice, lines, at=at)


def _post(kind: str, source: str, invoice: PremiumInvoice, lines: list[Line], *, at: datetime) -> None:
    post(
        kind,
        source=source,
        currency=invoice.currency,
        subject=f"invoice:{invoice.stripe_invoice_id}",
        occurred_at=at,
        lines=lines,
    )
