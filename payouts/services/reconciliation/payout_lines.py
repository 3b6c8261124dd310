"""Each payout against the sum of its lines, and each line against the movement that it stands for."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import connection

from payouts.models import MoneyException
from payouts.services.reconciliation.findings import Finding, record_findings
from payouts.services.reconciliation.words import in_words

Kind = MoneyException.Kind
# Stripe itemises an automatic payout within a day or two.
KNOWN_WITHIN = timedelta(days=4)

# A line that Stripe itemised is a whole movement; one of ours may be a part of it. What was sent back isn't compared.
DIFFERENT = """
SELECT payout.stripe_payout_id, 'stripe:connected:' || payout.organization_id AS books, payout.currency, payout.amount,
    COALESCE(line.amount, 0)::bigint AS lines, payout.lines_synced_at IS NULL AS is_bare,
    COALESCE(line.strange, '{}') AS strange
FROM payouts_organizerpayout payout
LEFT JOIN LATERAL (
    SELECT sum(line.net_amount) AS amount, array_agg(line.balance_transaction_id::text) FILTER (
        WHERE moved.id IS NOT NULL AND NOT line.allocated AND moved.net_amount <> line.net_amount
            OR line.currency <> payout.currency
    ) AS strange
    FROM payouts_payoutline line
    LEFT JOIN payouts_balancetransaction moved ON moved.stripe_id = line.balance_transaction_id
        AND moved.account_id = (
            SELECT stripe_account_id FROM connect_connectedaccount WHERE id = payout.connected_account_id
        )
    WHERE line.payout_id = payout.id
) line ON true
WHERE payout.status IN ('in_transit', 'paid')
    AND (%(books)s::text[] IS NULL OR 'stripe:connected:' || payout.organization_id = ANY(%(books)s))
    AND (
        payout.lines_synced_at IS NOT NULL
            AND (COALESCE(line.amount, 0) <> payout.amount OR COALESCE(line.strange, '{}') <> '{}')
        OR payout.lines_synced_at IS NULL AND payout.status = 'paid' AND payout.created_at < now() - %(known_within)s
    )
ORDER BY payout.created_at
"""


def compare_payouts(*, books: Collection[str] | None = None) -> int:
    """Compare every payout that left with its lines and keep what differs; returns how many differ."""
    parameters: dict[str, Any] = {"books": list(books) if books else None, "known_within": KNOWN_WITHIN}
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENT, parameters)
        findings = [_finding(*row) for row in cursor.fetchall()]
    record_findings(findings, kinds=[Kind.PAYOUT_LINES], books=books)
    return len(findings)


def _finding(
    payout_id: str, books: str, currency: str, amount: int, lines: int, is_bare: bool, strange: list[str]
) -> Finding:
    whole, summed = in_words(amount, currency), in_words(lines, currency)
    if is_bare:
        said = f"Payout {payout_id} of {whole} was paid, and Stripe hasn't said what it is made of for days."
    elif strange:
        said = (
            f"Payout {payout_id} of {whole} has lines that aren't Stripe's movements: {', '.join(strange)}."
        )
    else:
        said = f"Payout {payout_id} is {whole}, and its lines add up to {summed}."
    return Finding(
        kind=Kind.PAYOUT_LINES,
        subject=f"{books}:{currency}:{payout_id}",
        words=f"{said} Compare it with Stripe's payout reconciliation report; the amount that Stripe paid counts.",
        books=books,
        currency=currency,
        expected=amount,
        found=lines,
        ids=[payout_id, *strange],
    )
