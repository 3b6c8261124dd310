"""What must be true of Premium: its money and the books, what people are entitled to, nobody paying twice."""

from ledger.registry import invariant, relation

KINDS = """(
    'premium_sale', 'premium_stripe_fee', 'premium_refund', 'premium_refund_reversal', 'premium_dispute_opened',
    'premium_dispute_won', 'premium_dispute_lost'
)"""
# Written to, or posted about, since the last clean mark.
relation(
    "changed_premium_invoice",
    "SELECT *, 'invoice:' || stripe_invoice_id AS subject FROM premium_premiuminvoice",
    changed=f"""
    SELECT *, 'invoice:' || stripe_invoice_id AS subject FROM premium_premiuminvoice
    WHERE age(xmin) <= age(%(since_xid)s::xid)
        OR id IN (SELECT invoice_id FROM premium_premiumrefund WHERE age(xmin) <= age(%(since_xid)s::xid))
        OR id IN (SELECT invoice_id FROM premium_premiumdispute WHERE age(xmin) <= age(%(since_xid)s::xid))
        OR 'invoice:' || stripe_invoice_id IN (SELECT subject FROM changed_transaction WHERE kind IN {KINDS})
    """,  # noqa: S608
)
# A refund that came back before it was booked was never posted; one that was is undone.
relation(
    "expected_premium",
    """
    SELECT invoice.subject, invoice.currency, line.* FROM changed_premium_invoice invoice CROSS JOIN LATERAL (
        VALUES ('premium_sale', invoice.charge_id, invoice.charged_amount, -invoice.charged_amount),
            ('premium_stripe_fee', NULLIF(invoice.balance_transaction_id, ''), -invoice.stripe_fee_amount, 0)
        UNION ALL
        SELECT 'premium_refund', refund.stripe_refund_id, -refund.amount, refund.amount
        FROM premium_premiumrefund refund WHERE refund.invoice_id = invoice.id AND (
            refund.status = 'succeeded' OR (refund.status = 'failed' AND EXISTS (
                SELECT FROM ledger_ledgertransaction WHERE kind = 'premium_refund' AND source = stripe_refund_id
            ))
        )
        UNION ALL
        SELECT 'premium_refund_reversal', refund.stripe_refund_id, refund.amount, -refund.amount
        FROM premium_premiumrefund refund
        JOIN ledger_ledgertransaction was ON was.kind = 'premium_refund' AND was.source = refund.stripe_refund_id
        WHERE refund.invoice_id = invoice.id AND refund.status = 'failed'
        UNION ALL
        SELECT moved.* FROM premium_premiumdispute dispute CROSS JOIN LATERAL (VALUES
            ('premium_dispute_opened', dispute.stripe_dispute_id, -withdrawn_amount - fee_amount, 0),
            ('premium_dispute_won', dispute.stripe_dispute_id, reinstated_amount + fee_returned_amount, 0)
        ) moved (kind, source, platform, revenue) WHERE dispute.invoice_id = invoice.id
    ) line (kind, source, platform, revenue)
    WHERE line.platform <> 0
    UNION ALL
    SELECT invoice.subject, invoice.currency, 'premium_dispute_lost', stripe_dispute_id, 0, 0
    FROM changed_premium_invoice invoice JOIN premium_premiumdispute dispute ON dispute.invoice_id = invoice.id
    WHERE dispute.status IN ('lost', 'prevented') AND withdrawn_amount > 0 AND reinstated_amount = 0
    """,
)
relation(
    "posted_premium",
    f"""
    SELECT posted.subject, posted.currency, posted.kind, posted.source,
        COALESCE(sum(entry.amount) FILTER (WHERE account.code = 'stripe:platform'), 0) AS platform,
        COALESCE(sum(entry.amount) FILTER (WHERE account.code = 'revenue:premium'), 0) AS revenue
    FROM ledger_ledgertransaction posted
    JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id
    JOIN ledger_ledgeraccount account ON account.id = entry.account_id
    WHERE posted.kind IN {KINDS} AND (
        posted.id IN (SELECT id FROM changed_transaction)
        OR posted.subject IN (SELECT subject FROM changed_premium_invoice)
    )
    GROUP BY posted.id
    """,  # noqa: S608
)
# A sum over years: for full runs. In between, each posting is compared by itself.
relation(
    "premium_revenue",
    """
    SELECT currency, COALESCE(sum(booked), 0) AS booked, COALESCE(sum(earned), 0) AS earned FROM (
        SELECT account.currency, -entry.amount AS booked, 0 AS earned
        FROM ledger_ledgerentry entry JOIN ledger_ledgeraccount account ON account.id = entry.account_id
        WHERE account.code = 'revenue:premium'
        UNION ALL
        SELECT currency, 0, charged_amount - refunded_amount FROM premium_premiuminvoice
    ) side GROUP BY currency
    """,
    changed="SELECT currency, 0 AS booked, 0 AS earned FROM premium_premiuminvoice WHERE false",
)

invariant(
    "I40",
    "what was charged for Premium, its fees, refunds and disputes are posted once, and nothing else is",
    """
    SELECT COALESCE(wanted.subject, posted.subject), COALESCE(wanted.kind, posted.kind) || ' '
        || COALESCE(wanted.source, posted.source, 'without an id') || CASE
            WHEN posted.kind IS NULL THEN ' is not posted'
            WHEN wanted.kind IS NULL THEN ' is posted, and no row of ours says so'
            ELSE ' is posted otherwise' END
    FROM expected_premium wanted
    FULL JOIN posted_premium posted ON posted.kind = wanted.kind AND posted.source = wanted.source
    WHERE (wanted.subject, wanted.currency, wanted.platform, wanted.revenue)
        IS DISTINCT FROM (posted.subject, posted.currency, posted.platform, posted.revenue)
    """,
)

invariant(
    "I41",
    "revenue from Premium is what cards were charged for it, less what went back",
    """
    SELECT 'revenue:premium:' || currency, 'booked ' || booked || ', earned ' || earned
    FROM premium_revenue WHERE booked <> earned
    """,
)

# Of people who never subscribed nothing is said: what they are entitled to isn't ours.
invariant(
    "I42",
    "whoever subscribed is entitled to Premium as far as their subscription says, and no further",
    """
    SELECT 'user:' || customer.user_id, 'entitled until ' || COALESCE(entitled.until::text, 'nothing')
        || ', subscribed until ' || COALESCE(given.until::text, 'nothing')
    FROM premium_customer customer
    LEFT JOIN accounts_entitlement entitled ON entitled.user_id = customer.user_id AND entitled.kind = 'premium'
    LEFT JOIN LATERAL (
        SELECT max(CASE
            WHEN status = 'past_due' THEN grace_until
            WHEN status IN ('active', 'trialing') AND cancel_at_period_end THEN current_period_end
            WHEN status IN ('active', 'trialing') THEN current_period_end + interval '6 hours'
        END) AS until
        FROM premium_subscription alive
        WHERE alive.user_id = customer.user_id AND NOT is_extra
            AND status NOT IN ('canceled', 'incomplete_expired')
    ) given ON true
    WHERE entitled.until IS DISTINCT FROM given.until
    """,
)

invariant(
    "I43",
    "a subscription too many is over, and its money on its way back, within 15 minutes",
    """
    SELECT 'subscription:' || stripe_subscription_id, extra.status || ', ' || kept.amount || ' not refunded'
    FROM premium_subscription extra CROSS JOIN LATERAL (
        SELECT COALESCE(sum(charged_amount), 0) AS amount FROM premium_premiuminvoice invoice
        WHERE invoice.subscription_id = extra.id AND NOT EXISTS (
            SELECT FROM premium_premiumrefund given
            WHERE given.invoice_id = invoice.id AND given.status NOT IN ('refused', 'failed')
        )
    ) kept
    WHERE is_extra AND extra.created_at < now() - interval '15 minutes'
        AND (kept.amount > 0 OR extra.status NOT IN ('canceled', 'incomplete_expired'))
    """,
)
