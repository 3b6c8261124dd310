"""What must be true of what organizers are owed: it is at Stripe or on its way to their bank.

Where the two differ, a row must say why: each allowance below is the amount of one row that is under way, or that
waits for staff, and ends with it.
"""

from ledger.registry import invariant, relation

# gap = what is there for the organizer − what it is owed, signed: the three accounts added up.
BOOK = """
SELECT account.organization_id, account.currency, {gap} AS gap
FROM {balances}
WHERE account.organization_id IS NOT NULL
    AND (account.code LIKE 'organizer:%%' OR account.code LIKE 'stripe:connected:%%'
        OR account.code LIKE 'clearing:payout:%%' OR account.code LIKE 'suspense:unmatched:%%')
    {changed}
GROUP BY account.organization_id, account.currency
"""
relation(
    "organizer_book",
    BOOK.format(
        gap="sum(entry.amount)",
        balances="ledger_ledgerentry entry JOIN ledger_ledgeraccount account ON account.id = entry.account_id",
        changed="",
    ),
    changed=BOOK.format(
        gap="sum(account.amount)",
        balances="ledger_balance account",
        changed="""
        AND account.organization_id IN (
            SELECT organization_id FROM changed_order
            UNION SELECT touched.organization_id FROM changed_entry
            JOIN ledger_ledgeraccount touched ON touched.id = changed_entry.account_id
        )
        """,
    ),
)
# A charge whose transfer or application fee Stripe hasn't made yet, or hasn't told us of.
relation(
    "charge_under_way",
    """
    SELECT sold.organization_id, sold.currency,
        CASE WHEN payment.transfer_id = '' THEN -payment.amount ELSE 0 END
            + CASE WHEN payment.application_fee_id = '' THEN payment.application_fee_amount ELSE 0 END AS gap
    FROM ticketing_payment payment JOIN ticketing_order sold ON sold.id = payment.order_id
    WHERE payment.succeeded_at IS NOT NULL AND payment.charge_id IS NOT NULL
        AND (payment.transfer_id = '' OR payment.application_fee_id = '')
    """,
)
# Pending: Stripe has reversed the transfer, the refund isn't booked yet. Failed: the transfer stays reversed until the
# organizer is made whole; what was taken for a receivable is in the books of both sides. Its exact fee: given back a
# moment after the refund.
relation(
    "refund_under_way",
    """
    SELECT given.organization_id, given.currency,
        CASE WHEN refund.status = 'succeeded' AND refund.reverse_transfer
            THEN refund.amount - refund.fee_amount ELSE 0 END
        - (SELECT COALESCE(sum(taken.amount), 0) FROM ticketing_transferreversal taken
            WHERE taken.refund_id = refund.id AND taken.status = 'succeeded' AND taken.idempotency_key IS NULL)
        + (SELECT COALESCE(sum(fee.amount), 0) FROM ticketing_applicationfeerefund fee
            WHERE fee.refund_id = refund.id AND fee.status = 'succeeded')
        + (SELECT COALESCE(sum(sent.amount), 0) FROM ticketing_organizertransfer sent
            WHERE sent.refund_id = refund.id AND sent.status = 'succeeded' AND refund.reverse_transfer) AS gap
    FROM ticketing_refund refund JOIN ticketing_order given ON given.id = refund.order_id
    JOIN ticketing_payment payment ON payment.id = refund.payment_id AND payment.succeeded_at IS NOT NULL
    WHERE refund.status IN ('pending', 'succeeded', 'failed') AND (
        refund.status = 'pending' OR refund.needs_staff
        OR refund.id IN (SELECT refund_id FROM ticketing_applicationfeerefund WHERE status = 'requested')
        OR refund.id IN (SELECT refund_id FROM ticketing_organizertransfer WHERE status = 'requested')
    )
    """,
)

invariant(
    "I05",
    "what an organizer is owed is at Stripe or on its way to its bank",
    """
    SELECT 'organization:' || organization.slug || ' ' || book.currency,
        'Stripe and payouts under way differ by ' || book.gap || ' from what is owed, rows explain '
            || COALESCE(known.gap, 0)
    FROM organizer_book book JOIN accounts_organization organization ON organization.id = book.organization_id
    LEFT JOIN (
        SELECT organization_id, currency, sum(gap) AS gap
        FROM (SELECT * FROM charge_under_way UNION ALL SELECT * FROM refund_under_way) row
        GROUP BY organization_id, currency
    ) known ON known.organization_id = book.organization_id AND known.currency = book.currency
    WHERE book.gap <> COALESCE(known.gap, 0)
    """,
)

# A receivable is written down with its refund, and booked when the refund is: while it is pending, and once it has
# failed, the books hold only what was taken for it meanwhile. That of a payment in review is booked at once, and stays.
RECEIVABLE = """
SELECT account.organization_id, account.currency, {amount} AS amount
FROM {balances}
WHERE account.code LIKE 'receivable:organizer:%%' {changed}
GROUP BY account.organization_id, account.currency
"""
relation(
    "receivable_book",
    RECEIVABLE.format(
        amount="sum(entry.amount)",
        balances="ledger_ledgerentry entry JOIN ledger_ledgeraccount account ON account.id = entry.account_id",
        changed="",
    ),
    changed=RECEIVABLE.format(
        amount="sum(account.amount)",
        balances="ledger_balance account",
        changed="AND account.organization_id IN (SELECT organization_id FROM organizer_book)",
    ),
)
relation(
    "receivable_row",
    """
    SELECT owed.organization_id, owed.currency, sum(
        owed.amount - owed.settled_amount - owed.written_off_amount
        - CASE refund.status WHEN 'pending' THEN owed.amount WHEN 'failed' THEN owed.amount - (
            SELECT COALESCE(sum(sent.amount), 0) FROM ticketing_organizertransfer sent
            WHERE sent.refund_id = refund.id AND sent.status = 'succeeded'
        ) ELSE 0 END
    ) AS amount
    FROM ticketing_organizerreceivable owed
    LEFT JOIN ticketing_refund refund ON refund.id = owed.refund_id AND EXISTS (
        SELECT FROM ticketing_payment payment
        WHERE payment.id = refund.payment_id AND payment.succeeded_at IS NOT NULL
    )
    GROUP BY owed.organization_id, owed.currency
    """,
)

invariant(
    "I32",
    "what an organizer owes us by the books is what its receivables say",
    """
    SELECT 'organization:' || organization.slug || ' ' || book.currency,
        'owed by the books ' || book.amount || ', by the receivables ' || COALESCE(owed.amount, 0)
    FROM receivable_book book JOIN accounts_organization organization ON organization.id = book.organization_id
    LEFT JOIN receivable_row owed ON owed.organization_id = book.organization_id AND owed.currency = book.currency
    WHERE book.amount <> COALESCE(owed.amount, 0)
    UNION ALL
    SELECT 'receivable:' || owed.id, 'it is in no books'
    FROM ticketing_organizerreceivable owed
    WHERE owed.amount > 0 AND owed.refund_id IS NULL AND NOT EXISTS (
        SELECT FROM ledger_ledgeraccount account
        WHERE account.code = 'receivable:organizer:' || owed.organization_id AND account.currency = owed.currency
    )
    """,
)
