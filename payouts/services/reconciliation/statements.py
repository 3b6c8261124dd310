"""How a movement at Stripe and a posting of ours find each other: by the id that both of them name, in one statement.

Each side is cut into parts of (books, currency, key, amount). The key is the id that the ledger posts under:

    at Stripe                                    key
    charge, refund, transfer, dispute, payout    its source: ch_, re_, tr_, dp_, po_; what fails later has the same one
    Stripe's fee of a charge                     the movement itself: txn_
    payment on a connected account               its transfer (tr_), and its application fee (fee_)
    its refund                                   the reversal of the transfer (trr_), and the application fee (fee_)
    of no known kind                             the movement itself: txn_

A connected account isn't told which fee refund came with which reversal, so there all that is given back of a fee has
the key of the fee. A key is compared once nothing about it has happened for `grace` before the last complete import of
its account; both sides are cut by the same rule.
"""

BY_SOURCE = """(
    'charge', 'transfer', 'application_fee', 'application_fee_refund', 'transfer_refund', 'refund', 'refund_failure',
    'payment_failure_refund', 'payout', 'payout_failure', 'payout_cancel'
)"""

# What the ledger calls a movement; NULL for one of no known kind.
ORIGIN = f"""
CASE
    WHEN moved.type IN {BY_SOURCE} THEN NULLIF(moved.source_id, '')
    WHEN moved.type IN ('payment', 'payment_refund') AND moved.account_id = '' THEN NULLIF(moved.source_id, '')
    WHEN moved.type = 'payment' THEN NULLIF(moved.transfer_id, '')
    WHEN moved.type = 'payment_refund' THEN NULLIF(moved.reversal_id, '')
    WHEN moved.type = 'adjustment' AND moved.category = 'fee' THEN NULLIF(moved.application_fee_id, '')
    WHEN moved.type = 'adjustment' AND moved.category LIKE 'dispute%%' THEN NULLIF(moved.source_id, '')
END
"""

# The payment that a refund gives back knows the application fee; a refund itself doesn't.
MOVED_PART = f"""
SELECT moved.stripe_id, moved.books, moved.currency, moved.type, moved.created_at, moved.origin IS NULL AS is_unknown,
    part.key, part.amount
FROM (SELECT moved.*, {ORIGIN} AS origin FROM payouts_balancetransaction moved) moved
LEFT JOIN payouts_balancetransaction paid ON moved.type = 'payment_refund' AND moved.application_fee_amount <> 0
    AND paid.account_id = moved.account_id AND paid.type = 'payment' AND paid.source_id = moved.payment_id
CROSS JOIN LATERAL (VALUES
    (COALESCE(moved.origin, moved.stripe_id), moved.amount),
    (COALESCE(
        CASE WHEN moved.origin IS NOT NULL
            THEN COALESCE(NULLIF(moved.application_fee_id, ''), NULLIF(paid.application_fee_id, '')) END,
        moved.stripe_id
    ), -moved.application_fee_amount),
    (COALESCE(CASE WHEN moved.type NOT IN ('charge', 'payment') THEN moved.origin END, moved.stripe_id),
        moved.application_fee_amount - moved.fee_amount)
) part (key, amount)
WHERE part.amount <> 0
"""  # noqa: S608

POSTED_PART = """
SELECT posted.id, posted.kind, account.code AS books, account.currency,
    COALESCE(given.application_fee_id, posted.source) AS key, entry.amount, posted.occurred_at, posted.posted_at
FROM ledger_ledgeraccount account
JOIN ledger_ledgerentry entry ON entry.account_id = account.id
JOIN ledger_ledgertransaction posted ON posted.id = entry.transaction_id
LEFT JOIN payouts_balancetransaction given ON posted.kind = 'fee_refunded' AND account.code <> 'stripe:platform'
    AND given.source_id = posted.source AND given.account_id = '' AND given.type = 'application_fee_refund'
    AND given.application_fee_id <> ''
WHERE account.code LIKE 'stripe:%%'
"""

# Until when the books of a balance can be compared. Without any account at Stripe everything in them is wrong; of an
# account that can't be read any more, what Stripe had is known only as far as it was imported.
HORIZON = """
SELECT books, bool_or(unreachable_since IS NOT NULL) AS has_gap,
    CASE WHEN bool_and(complete_at IS NOT NULL OR unreachable_since IS NOT NULL)
        THEN COALESCE(min(complete_at) FILTER (WHERE unreachable_since IS NULL), min(complete_at))
    END AS complete_at
FROM payouts_balanceimport GROUP BY books
"""

PARTS = f"""
SELECT books, currency, key, amount AS at_stripe, 0 AS in_ledger, stripe_id, NULL::bigint AS transaction_id, type,
    is_unknown, created_at AS moved_at, NULL::timestamptz AS posted_for, created_at AS known_at
FROM ({MOVED_PART}) moved_part
UNION ALL
SELECT books, currency, key, 0, amount, NULL, id, NULL, false, NULL, occurred_at, posted_at
FROM ({POSTED_PART}) posted_part
"""  # noqa: S608

COMPARED = f"""
SELECT part.books, part.currency, part.key, sum(at_stripe) AS at_stripe, sum(in_ledger) AS in_ledger,
    count(stripe_id) AS movements, count(transaction_id) AS postings, bool_or(is_unknown) AS is_unknown,
    min(moved_at) AS moved_at, min(posted_for) AS posted_for, max(known_at) AS known_at
FROM ({PARTS}) part
GROUP BY part.books, part.currency, part.key
"""  # noqa: S608

# What both sides know of a few keys, by (books, currency, key).
DETAILS = f"""
SELECT part.books, part.currency, part.key,
    COALESCE(array_agg(DISTINCT stripe_id::text) FILTER (WHERE stripe_id IS NOT NULL), '{{}}') AS stripe_ids,
    COALESCE(array_agg(DISTINCT transaction_id) FILTER (WHERE transaction_id IS NOT NULL), '{{}}') AS transaction_ids,
    COALESCE(array_agg(DISTINCT type::text) FILTER (WHERE type IS NOT NULL), '{{}}') AS types
FROM ({PARTS}) part
WHERE part.key = ANY(%(keys)s)
GROUP BY part.books, part.currency, part.key
"""  # noqa: S608
