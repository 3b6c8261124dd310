"""What must be true of payments and refunds."""

from ledger.registry import invariant

invariant(
    "I13",
    "a paid order has exactly one succeeded payment, of its amount, currency and fee",
    """
    SELECT 'order:' || code, succeeded || ' succeeded payments, ' || same || ' of ' || total_amount
    FROM (
        SELECT code, total_amount, count(payment.id) AS succeeded, count(payment.id) FILTER (
            WHERE payment.amount = total_amount AND payment.currency = paid.currency
                AND payment.application_fee_amount = platform_fee_amount + processing_fee_amount
        ) AS same
        FROM changed_order paid LEFT JOIN ticketing_payment payment
            ON payment.order_id = paid.id AND payment.status = 'succeeded' AND NOT EXISTS (
                SELECT FROM ticketing_refund late WHERE late.payment_id = payment.id AND late.origin = 'late_payment'
            )
        WHERE is_settled
        GROUP BY paid.id, code, total_amount
    ) counted
    WHERE succeeded <> same OR succeeded <> CASE WHEN total_amount > 0 THEN 1 ELSE 0 END
    """,
)

invariant(
    "I14",
    "money that buys nothing is on its way back within 15 minutes",
    """
    SELECT 'order:' || unpaid.code, 'payment ' || payment.id || ' of ' || payment.amount || ', order ' || unpaid.status
    FROM ticketing_payment payment JOIN ticketing_order unpaid ON unpaid.id = payment.order_id
    LEFT JOIN ticketing_refund late ON late.payment_id = payment.id AND late.origin = 'late_payment'
    WHERE payment.status = 'succeeded' AND late.stripe_refund_id IS NULL
        AND payment.succeeded_at < now() - interval '15 minutes'
        AND (late.id IS NOT NULL OR unpaid.status IN ('awaiting_payment', 'expired', 'cancelled'))
    """,
)

# A bank may pay back what was refunded already: such a dispute says so to staff.
invariant(
    "I17",
    "refunds and lost disputes never exceed what was paid, nor the fee given back the fee, nor reversals the transfer",
    """
    SELECT 'order:' || code, 'payment ' || payment_id || ': refunded ' || refunded || ', lost ' || lost
        || ' of ' || amount || ', fee ' || fee || ' of ' || application_fee_amount || ', reversed ' || reversed
    FROM (
        SELECT changed_order.code, payment.id AS payment_id, payment.amount, payment.application_fee_amount, (
            SELECT COALESCE(sum(refund.amount), 0) FROM ticketing_refund refund
            WHERE refund.payment_id = payment.id
                AND refund.status IN ('requested', 'pending', 'succeeded', 'otherwise')
        ) AS refunded, (
            SELECT COALESCE(sum(given.amount), 0) FROM ticketing_applicationfeerefund given
            WHERE given.payment_id = payment.id AND given.status <> 'refused'
        ) AS fee, (
            SELECT COALESCE(sum(taken.amount), 0) FROM ticketing_transferreversal taken
            WHERE taken.payment_id = payment.id AND taken.status <> 'refused' AND taken.transfer_id IS NULL
        ) AS reversed, (
            SELECT COALESCE(sum(lost.withdrawn_amount), 0) FROM ticketing_dispute lost
            WHERE lost.payment_id = payment.id AND lost.status IN ('lost', 'prevented') AND lost.staff_reason = ''
        ) AS lost
        FROM changed_order JOIN ticketing_payment payment ON payment.order_id = changed_order.id
        WHERE payment.succeeded_at IS NOT NULL
    ) moved
    WHERE refunded + lost > amount OR fee > application_fee_amount OR reversed > amount
    """,
)

# What a late payment, or one in review, gives back is no part of an order that another payment has paid for.
invariant(
    "I33",
    "what an order says was given back is what its refunds are",
    """
    SELECT 'order:' || code, refunded_amount || ' by the order, ' || refunded || ' by its refunds'
    FROM (
        SELECT paid.code, paid.refunded_amount, (
            SELECT COALESCE(sum(refund.amount), 0) FROM ticketing_refund refund
            JOIN ticketing_payment payment ON payment.id = refund.payment_id AND payment.succeeded_at IS NOT NULL
            WHERE refund.order_id = paid.id AND refund.status IN ('pending', 'succeeded', 'otherwise') AND NOT EXISTS (
                SELECT FROM ticketing_refund late
                WHERE late.payment_id = refund.payment_id AND late.origin = 'late_payment'
            )
        ) AS refunded
        FROM changed_order paid WHERE is_settled
    ) told
    WHERE refunded_amount <> refunded
    """,
)
