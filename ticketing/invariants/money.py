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

invariant(
    "I17",
    "refunds never exceed what was paid, nor the fee given back the fee, nor reversals the transfer",
    """
    SELECT 'order:' || code, 'payment ' || payment_id || ': refunded ' || refunded || ' of ' || amount
        || ', fee ' || fee || ' of ' || application_fee_amount || ', reversed ' || reversed
    FROM (
        SELECT changed_order.code, payment.id AS payment_id, payment.amount, payment.application_fee_amount, (
            SELECT COALESCE(sum(refund.amount), 0) FROM ticketing_refund refund
            WHERE refund.payment_id = payment.id AND refund.status IN ('requested', 'pending', 'succeeded')
        ) AS refunded, (
            SELECT COALESCE(sum(given.amount), 0) FROM ticketing_applicationfeerefund given
            WHERE given.payment_id = payment.id AND given.status <> 'refused'
        ) AS fee, (
            SELECT COALESCE(sum(taken.amount), 0) FROM ticketing_transferreversal taken
            WHERE taken.payment_id = payment.id AND taken.status <> 'refused'
        ) AS reversed
        FROM changed_order JOIN ticketing_payment payment ON payment.order_id = changed_order.id
        WHERE payment.succeeded_at IS NOT NULL
    ) moved
    WHERE refunded > amount OR fee > application_fee_amount OR reversed > amount
    """,
)
