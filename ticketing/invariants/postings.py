"""What must be true between our rows and the books: everything that moved is posted once, and nothing else is.

`expected_posting` is what the rows say should be posted, `posted_money` what is. Both ways round they must be the same.
"""

from ledger.registry import invariant, relation

SALES = ("sale", "stripe_fee", "transfer", "application_fee")
REFUNDS = ("refund", "refund_reversal", "fee_refunded", "transfer_reversed", "receivable_recovered")
TRANSFERS = ("organizer_made_whole", "dispute_returned")
DISPUTES = ("dispute_recovered",)
REVIEWS = (
    "review_charge",
    "review_stripe_fee",
    "review_transfer",
    "review_application_fee",
    "review_refund",
    "review_transfer_reversed",
    "review_fee_refunded",
)


def _listed(kinds: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{kind}'" for kind in kinds) + ")"


KINDS = _listed(SALES + REFUNDS + TRANSFERS + DISPUTES + REVIEWS)
# What was kept apart is undone when staff accept it, or when its refund comes back.
POSTED = """
SELECT posted.kind, posted.source, posted.currency, posted.subject,
    COALESCE(sum(entry.amount) FILTER (WHERE account.code = 'stripe:platform'), 0) AS platform,
    COALESCE(sum(entry.amount) FILTER (WHERE account.code LIKE 'stripe:connected:%%'), 0) AS connected,
    COALESCE(sum(entry.amount) FILTER (WHERE account.code LIKE 'organizer:%%'), 0) AS organizer,
    COALESCE(sum(entry.amount) FILTER (WHERE account.code LIKE 'receivable:organizer:%%'), 0) AS receivable
FROM ledger_ledgertransaction posted
LEFT JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id
LEFT JOIN ledger_ledgeraccount account ON account.id = entry.account_id
WHERE posted.kind IN {kinds} {changed} AND NOT (posted.kind LIKE 'review_%%' AND EXISTS (
    SELECT FROM ledger_ledgertransaction undone WHERE undone.reverses_id = posted.id
))
GROUP BY posted.id
"""
relation(
    "posted_money",
    POSTED.format(kinds=KINDS, changed=""),
    changed=POSTED.format(
        kinds=KINDS,
        changed="""
        AND posted.id IN (
            SELECT id FROM changed_transaction
            UNION SELECT known.id FROM expected_posting expected
            JOIN ledger_ledgertransaction known ON known.kind = expected.kind AND known.source = expected.source
        )
        """,
    ),
)
# Both sides at once: a full join never compares each row of the one with every row of the other, however many changed.
relation(
    "matched_posting",
    """
    SELECT wanted.code, posted.subject, COALESCE(wanted.kind, posted.kind) AS kind,
        COALESCE(wanted.source, posted.source) AS source,
        wanted.kind IS NOT NULL AS is_wanted, posted.kind IS NOT NULL AS is_posted,
        (posted.currency, posted.subject, posted.platform, posted.connected, posted.organizer, posted.receivable)
            IS NOT DISTINCT FROM (wanted.currency, 'order:' || wanted.code, wanted.platform, wanted.connected,
                wanted.organizer, wanted.receivable) AS is_same
    FROM expected_posting wanted
    FULL JOIN posted_money posted ON posted.kind = wanted.kind AND posted.source = wanted.source
    """,
)
UNPOSTED = """
SELECT 'order:' || code, kind || ' ' || COALESCE(source, 'without an id')
    || CASE WHEN is_posted THEN ' is posted otherwise' ELSE ' is not posted' END
FROM matched_posting WHERE kind IN {kinds} AND is_wanted AND NOT is_same
"""
UNEXPLAINED = """
SELECT COALESCE(NULLIF(subject, ''), 'posting:' || source), kind || ' ' || source
    || ' is posted, and no row of ours says so'
FROM matched_posting WHERE kind IN {kinds} AND NOT is_wanted
"""

invariant(
    "I18",
    "each succeeded payment is posted once, and with it what Stripe has made of its charge",
    UNPOSTED.format(kinds=_listed(SALES)),
)

invariant(
    "I19",
    "no sale is posted without a payment, nor a transfer or fee of one",
    UNEXPLAINED.format(kinds=_listed(SALES)),
)

invariant(
    "I20",
    "each refund is posted as far as it has come, with what came back for it, and nothing else is",
    UNPOSTED.format(kinds=_listed(REFUNDS)) + "UNION ALL" + UNEXPLAINED.format(kinds=_listed(REFUNDS)),
)

invariant(
    "I30",
    "each transfer of ours is posted once, and nothing is posted as one that isn't",
    UNPOSTED.format(kinds=_listed(TRANSFERS)) + "UNION ALL" + UNEXPLAINED.format(kinds=_listed(TRANSFERS)),
)

# A dispute has accounts of its own: what the bank holds, and what is held of the organizer's until it is decided.
DISPUTE_BOOKS = """
UNION ALL
SELECT 'dispute:' || stripe_dispute_id, dispute.status || ': with the bank ' || books.withheld || ' of '
    || withdrawn_amount - reinstated_amount || ', held of the organizer ' || -books.hold || ' of '
    || recovered_amount - returned.amount || ', our balance ' || books.platform
FROM ticketing_dispute dispute JOIN changed_order ON changed_order.id = dispute.order_id
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(entry.amount) FILTER (WHERE account.code = 'dispute:' || stripe_dispute_id), 0) AS withheld,
        COALESCE(sum(entry.amount) FILTER (WHERE account.code = 'dispute-hold:' || stripe_dispute_id), 0) AS hold,
        COALESCE(sum(entry.amount) FILTER (WHERE account.code = 'stripe:platform'
            AND posted.kind IN ('dispute_opened', 'dispute_won')
            AND posted.source = stripe_dispute_id), 0) AS platform
    FROM ledger_ledgertransaction posted
    JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id
    JOIN ledger_ledgeraccount account ON account.id = entry.account_id
    WHERE posted.subject = 'order:' || changed_order.code
) books
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(sent.amount), 0) AS amount FROM ticketing_organizertransfer sent
    WHERE sent.dispute_id = dispute.id AND sent.status = 'succeeded'
) returned
CROSS JOIN LATERAL (
    SELECT dispute.status IN ('lost', 'prevented') AND dispute.closed_at IS NOT NULL AS is_over
) ended
WHERE books.withheld <> CASE WHEN is_over THEN 0 ELSE withdrawn_amount - reinstated_amount END
    OR -books.hold <> CASE WHEN is_over THEN 0 ELSE recovered_amount - returned.amount END
    OR books.platform <> reinstated_amount - withdrawn_amount - fee_amount
UNION ALL
SELECT posted.subject, posted.kind || ' ' || posted.source || ' is posted, and there is no dispute'
FROM changed_transaction posted
WHERE posted.kind IN ('dispute_opened', 'dispute_won', 'dispute_lost') AND NOT EXISTS (
    SELECT FROM ticketing_dispute known WHERE known.stripe_dispute_id = posted.source
)
"""
invariant(
    "I31",
    "each dispute is posted as far as it has come, and what was recovered for it is held until it is decided",
    UNPOSTED.format(kinds=_listed(DISPUTES))
    + "UNION ALL"
    + UNEXPLAINED.format(kinds=_listed(DISPUTES))
    + DISPUTE_BOOKS,
)

invariant(
    "I34",
    "what a payment in review has brought is kept apart as it came, less what went back",
    UNPOSTED.format(kinds=_listed(REVIEWS)) + "UNION ALL" + UNEXPLAINED.format(kinds=_listed(REVIEWS)),
)
