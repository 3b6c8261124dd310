"""What must be true of payouts and their postings. Numbers as in the platform's list of invariants."""

from ledger.registry import invariant, relation

KINDS = "('payout_created', 'payout_paid', 'payout_failed', 'payout_canceled')"
PAYOUTS = """
SELECT stripe_payout_id, amount, currency, status FROM payouts_organizerpayout {where}
UNION ALL
SELECT stripe_payout_id, amount, currency, status FROM payouts_platformpayout {where}
"""
# Written to, or posted, since the last clean mark.
CHANGED = f"""
WHERE age(xmin) <= age(%(since_xid)s::xid) OR stripe_payout_id IN (
    SELECT source FROM ledger_ledgertransaction WHERE kind IN {KINDS} AND xact_id >= %(since)s
)
"""  # noqa: S608
relation("changed_payout", PAYOUTS.format(where=""), changed=PAYOUTS.format(where=CHANGED))

invariant(
    "I21",
    "each payout is posted once, with its amount, as far as it has come",
    f"""
    SELECT 'payout:' || stripe_payout_id,
        status || ' ' || amount || ' ' || currency || '; posted at Stripe ' || at_stripe
            || ', on its way ' || on_its_way
    FROM changed_payout payout CROSS JOIN LATERAL (
        SELECT count(DISTINCT posted.id) FILTER (WHERE posted.kind = 'payout_created') AS created,
            COALESCE(sum(entry.amount) FILTER (WHERE account.code LIKE 'stripe:%%'), 0) AS at_stripe,
            COALESCE(sum(entry.amount) FILTER (WHERE account.code LIKE 'clearing:%%'), 0) AS on_its_way
        FROM ledger_ledgertransaction posted
        JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id
        JOIN ledger_ledgeraccount account ON account.id = entry.account_id
        WHERE posted.kind IN {KINDS} AND posted.source = payout.stripe_payout_id
            AND posted.currency = payout.currency
    ) books
    WHERE created <> 1
        OR at_stripe <> CASE WHEN status IN ('failed', 'canceled') THEN 0 ELSE -amount END
        OR on_its_way <> CASE WHEN status IN ('pending', 'in_transit') THEN amount ELSE 0 END
    UNION ALL
    SELECT 'payout:' || source, kind || ' is posted, and there is no payout'
    FROM ledger_ledgertransaction posted
    WHERE kind IN {KINDS} AND xact_id >= %(since)s
        AND NOT EXISTS (SELECT FROM payouts_organizerpayout known WHERE known.stripe_payout_id = posted.source)
        AND NOT EXISTS (SELECT FROM payouts_platformpayout known WHERE known.stripe_payout_id = posted.source)
    """,  # noqa: S608
)
