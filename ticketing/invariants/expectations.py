"""What our rows say should be posted: kind and source, and what it does to Stripe's balances and to the organizer's.

`expected_posting` has one row for each: `organizer` is what the organizer is owed, `receivable` what it owes; a debit
is positive.
"""

from ledger.registry import relation

relation(
    "expected_sale",
    """
    SELECT sold.code, sold.currency, line.* FROM changed_order sold
    JOIN ticketing_payment payment ON payment.order_id = sold.id
    CROSS JOIN LATERAL (VALUES
        ('sale', payment.charge_id, payment.amount, 0, payment.application_fee_amount - payment.amount, 0),
        ('stripe_fee', NULLIF(payment.balance_transaction_id, ''), -payment.stripe_fee_amount, 0, 0, 0),
        ('transfer', NULLIF(payment.transfer_id, ''), -payment.amount, payment.amount, 0, 0),
        ('application_fee', NULLIF(payment.application_fee_id, ''),
            payment.application_fee_amount, -payment.application_fee_amount, 0, 0)
    ) line (kind, source, platform, connected, organizer, receivable)
    WHERE payment.succeeded_at IS NOT NULL AND (line.source IS NULL OR line.platform <> 0)
        AND (line.source IS NOT NULL OR line.kind = 'sale')
    """,
)
# A refund that came back before it was booked was never posted; one that was is undone. What came without a sale, a
# payment that staff look into, is kept apart by postings of its own.
relation(
    "expected_refund",
    """
    SELECT given.code, given.currency, line.* FROM changed_order given
    JOIN ticketing_refund refund ON refund.order_id = given.id
    JOIN ticketing_payment payment ON payment.id = refund.payment_id AND payment.succeeded_at IS NOT NULL
    CROSS JOIN LATERAL (VALUES (refund.amount - refund.fee_amount)) owner (part)
    CROSS JOIN LATERAL (VALUES
        ('refund', refund.stripe_refund_id, -refund.amount, 0,
            CASE WHEN refund.reverse_transfer THEN owner.part ELSE 0 END,
            CASE WHEN refund.reverse_transfer THEN 0 ELSE owner.part END),
        ('refund_reversal', refund.stripe_refund_id, refund.amount, 0,
            CASE WHEN refund.reverse_transfer THEN -owner.part ELSE 0 END,
            CASE WHEN refund.reverse_transfer THEN 0 ELSE -owner.part END)
    ) line (kind, source, platform, connected, organizer, receivable)
    WHERE (refund.status = 'succeeded' AND line.kind = 'refund')
        OR (refund.status IN ('failed', 'otherwise') AND EXISTS (
            SELECT FROM ledger_ledgertransaction WHERE kind = 'refund' AND source = refund.stripe_refund_id
        ))
    UNION ALL
    SELECT given.code, given.currency, 'fee_refunded', fee.stripe_id, -fee.amount, fee.amount, 0, 0
    FROM changed_order given JOIN ticketing_payment payment ON payment.order_id = given.id
    JOIN ticketing_applicationfeerefund fee ON fee.payment_id = payment.id
    WHERE fee.status = 'succeeded' AND payment.succeeded_at IS NOT NULL
    UNION ALL
    SELECT given.code, given.currency, 'transfer_reversed', taken.stripe_id, taken.amount, -taken.amount, 0, 0
    FROM changed_order given JOIN ticketing_payment payment ON payment.order_id = given.id
    JOIN ticketing_transferreversal taken ON taken.payment_id = payment.id
    WHERE taken.status = 'succeeded' AND taken.idempotency_key IS NULL AND payment.succeeded_at IS NOT NULL
    """,
)
# What was taken back by itself is for a receivable, or for a dispute that had not been lost when Stripe answered.
relation(
    "expected_recovery",
    """
    SELECT given.code, given.currency, line.* FROM changed_order given
    JOIN ticketing_payment payment ON payment.order_id = given.id
    JOIN ticketing_transferreversal taken ON taken.payment_id = payment.id
    CROSS JOIN LATERAL (SELECT taken.dispute_id IS NULL OR EXISTS (
        SELECT FROM ledger_ledgertransaction WHERE kind = 'receivable_recovered' AND source = taken.stripe_id
    )) settles (owed)
    CROSS JOIN LATERAL (VALUES
        (CASE WHEN settles.owed THEN 'receivable_recovered' ELSE 'dispute_recovered' END, taken.stripe_id,
            taken.amount, -taken.amount, taken.amount, CASE WHEN settles.owed THEN -taken.amount ELSE 0 END)
    ) line (kind, source, platform, connected, organizer, receivable)
    WHERE taken.status = 'succeeded' AND taken.idempotency_key IS NOT NULL
    """,
)
relation(
    "expected_transfer",
    """
    SELECT given.code, given.currency, line.* FROM changed_order given
    JOIN ticketing_organizertransfer sent ON sent.order_id = given.id
    LEFT JOIN ticketing_refund refund ON refund.id = sent.refund_id
    CROSS JOIN LATERAL (VALUES
        ('organizer_made_whole', sent.stripe_id, -sent.amount, sent.amount,
            CASE WHEN refund.reverse_transfer THEN 0 ELSE -sent.amount END,
            CASE WHEN refund.reverse_transfer THEN 0 ELSE sent.amount END),
        ('dispute_returned', sent.stripe_id, -sent.amount, sent.amount, -sent.amount, 0)
    ) line (kind, source, platform, connected, organizer, receivable)
    WHERE sent.status = 'succeeded'
        AND line.kind = CASE WHEN sent.dispute_id IS NULL THEN 'organizer_made_whole' ELSE 'dispute_returned' END
    """,
)
# A payment in review is nobody's sale: what came is kept apart; `own` is 1 where it went on to an organizer of ours.
relation(
    "expected_review",
    """
    SELECT kept.code, payment.received ->> 'currency' AS currency, line.kind, line.source, line.platform,
        -line.moved * came.own AS connected, line.moved * came.own AS organizer, 0 AS receivable
    FROM changed_order kept JOIN ticketing_payment payment ON payment.order_id = kept.id
    CROSS JOIN LATERAL (SELECT (payment.received ->> 'amount')::bigint AS amount,
        (payment.received ->> 'application_fee_amount')::bigint AS fee,
        CASE WHEN payment.received ->> 'organization' IS NULL THEN 0 ELSE 1 END AS own) came
    CROSS JOIN LATERAL (
        VALUES ('review_charge', payment.charge_id, came.amount, 0),
            ('review_stripe_fee', NULLIF(payment.balance_transaction_id, ''), -payment.stripe_fee_amount, 0),
            ('review_transfer', NULLIF(payment.transfer_id, ''), -came.amount, -came.amount),
            ('review_application_fee', NULLIF(payment.application_fee_id, ''), came.fee, came.fee)
        UNION ALL
        SELECT 'review_refund', refund.stripe_refund_id, -refund.amount, 0
        FROM ticketing_refund refund WHERE refund.payment_id = payment.id AND refund.status = 'succeeded'
        UNION ALL
        SELECT 'review_transfer_reversed', taken.stripe_id, taken.amount, taken.amount
        FROM ticketing_transferreversal taken
        WHERE taken.payment_id = payment.id AND taken.status = 'succeeded' AND taken.idempotency_key IS NULL
        UNION ALL
        SELECT 'review_fee_refunded', fee.stripe_id, -fee.amount, -fee.amount
        FROM ticketing_applicationfeerefund fee WHERE fee.payment_id = payment.id AND fee.status = 'succeeded'
    ) line (kind, source, platform, moved)
    WHERE payment.received IS NOT NULL AND payment.succeeded_at IS NULL
        AND line.source IS NOT NULL AND line.platform <> 0
    """,
)
relation(
    "expected_posting",
    """
    SELECT * FROM expected_sale UNION ALL SELECT * FROM expected_refund
    UNION ALL SELECT * FROM expected_recovery UNION ALL SELECT * FROM expected_transfer
    UNION ALL SELECT * FROM expected_review
    """,
)
