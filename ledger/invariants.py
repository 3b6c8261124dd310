"""What must be true of the ledger by itself. Numbers as in the platform's list of invariants."""

from ledger.registry import invariant, relation

relation(
    "changed_transaction",
    "SELECT * FROM ledger_ledgertransaction",
    changed="SELECT * FROM ledger_ledgertransaction WHERE xact_id >= %(since)s",
)
relation(
    "changed_entry",
    "SELECT * FROM ledger_ledgerentry",
    changed="""
    SELECT entry.* FROM ledger_ledgerentry entry JOIN changed_transaction posted ON posted.id = entry.transaction_id
    """,
)
relation(
    "changed_total",
    """
    SELECT posted.id, count(entry.id) AS entries, COALESCE(sum(entry.amount), 0) AS amount
    FROM changed_transaction posted LEFT JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id
    GROUP BY posted.id
    """,
)
# Of each account by its own index, however many checkpoints the others have.
relation(
    "moved_account",
    "SELECT id FROM ledger_ledgeraccount",
    changed="""
    SELECT account.id FROM ledger_ledgeraccount account WHERE %(sequence)s < (
        SELECT max(sequence) FROM ledger_ledgercheckpoint later WHERE later.account_id = account.id
    )
    UNION
    SELECT entry.account_id FROM ledger_ledgerseal seal JOIN ledger_ledgerentry entry USING (transaction_id)
    WHERE seal.sequence > %(sequence)s
    """,
)
# One by one, so that an incremental run doesn't spell every body there is, nor compare each with every seal.
relation(
    "sealed_body",
    "SELECT seal.*, body.body FROM ledger_ledgerseal seal LEFT JOIN ledger_body body USING (transaction_id)",
    changed="""
    SELECT seal.*, (SELECT body FROM ledger_body WHERE transaction_id = seal.transaction_id) AS body
    FROM ledger_ledgerseal seal WHERE seal.sequence >= %(sequence)s
    """,
)
# Below the floor nothing may be unsealed; looked for among all transactions, so in a full run only.
relation(
    "overlooked_transaction",
    """
    SELECT posted.id FROM ledger_ledgertransaction posted
    LEFT JOIN ledger_ledgerseal seal ON seal.transaction_id = posted.id
    WHERE seal.id IS NULL AND posted.xact_id < (SELECT ledger_floor())
    """,
    changed="SELECT id FROM ledger_ledgertransaction WHERE false",
)

invariant(
    "I01",
    "every transaction sums to zero",
    "SELECT 'transaction:' || id, 'sum ' || amount FROM changed_total WHERE amount <> 0 AND entries > 1",
)

invariant(
    "I02",
    "every transaction has two entries or more",
    "SELECT 'transaction:' || id, entries || ' entries' FROM changed_total WHERE entries < 2",
)

invariant(
    "I03",
    "an entry, its account and its transaction are there and share a currency",
    """
    SELECT 'entry:' || entry.id,
        'account ' || COALESCE(account.currency, 'missing') || ', transaction ' || COALESCE(posted.currency, 'missing')
    FROM changed_entry entry
    LEFT JOIN ledger_ledgertransaction posted ON posted.id = entry.transaction_id
    LEFT JOIN ledger_ledgeraccount account ON account.id = entry.account_id
    WHERE posted.currency IS NULL OR account.currency IS DISTINCT FROM posted.currency
    """,
)

# From the last checkpoint of each account that was looked at before, or from nothing: its balance, then every entry
# and every later checkpoint in the order of sealing. A checkpoint is right when the running sum says the same, and
# every entry must be followed by one, since balances start from the last.
invariant(
    "I04",
    "every checkpoint is the sum of the entries up to it, and none is missing",
    """
    SELECT 'account:' || account_id,
        COALESCE('checkpoint ' || sequence || ' says ' || balance || ', entries ' || running,
            'no checkpoint after ' || sequence)
    FROM (
        SELECT account_id, sequence, balance,
            sum(amount) OVER (PARTITION BY account_id ORDER BY sequence) AS running,
            max(sequence) FILTER (WHERE balance IS NOT NULL) OVER (PARTITION BY account_id) AS last
        FROM (
            SELECT base.* FROM moved_account account CROSS JOIN LATERAL (
                SELECT account_id, sequence, balance AS amount, balance FROM ledger_ledgercheckpoint
                WHERE account_id = account.id AND sequence <= %(sequence)s ORDER BY sequence DESC LIMIT 1
            ) base
            UNION ALL
            SELECT entry.account_id, seal.sequence, entry.amount, NULL
            FROM ledger_ledgerseal seal JOIN ledger_ledgerentry entry USING (transaction_id)
            WHERE seal.sequence > %(sequence)s
            UNION ALL
            SELECT later.* FROM moved_account account CROSS JOIN LATERAL (
                SELECT account_id, sequence, 0, balance FROM ledger_ledgercheckpoint
                WHERE account_id = account.id AND sequence > %(sequence)s ORDER BY sequence
                OFFSET 0
            ) later
        ) line
    ) told
    WHERE (balance IS NOT NULL AND balance <> running) OR (balance IS NULL AND sequence > COALESCE(last, 0))
    """,
)

invariant(
    "I06",
    "the chain of seals is unbroken, reaches every exported head, and leaves nothing out",
    """
    SELECT 'seal:' || seal.sequence, CASE
            WHEN seal.body IS NULL THEN 'its transaction is gone'
            WHEN seal.sequence <> seal.before + 1 THEN 'a seal before it is missing'
            WHEN seal.previous_hash <> seal.hash_before THEN 'it does not follow the seal before it'
            ELSE 'transaction ' || seal.transaction_id || ' was changed'
        END
    FROM (
        SELECT *, lag(sequence, 1, 0::bigint) OVER (ORDER BY sequence) AS before,
            lag(hash, 1, repeat('0', 64)::varchar) OVER (ORDER BY sequence) AS hash_before
        FROM sealed_body
    ) seal
    WHERE seal.sequence > %(sequence)s AND (
        seal.body IS NULL OR seal.sequence <> seal.before + 1 OR seal.previous_hash <> seal.hash_before
        OR seal.hash <> encode(sha256(convert_to(seal.previous_hash || seal.body, 'UTF8')), 'hex')
    )
    UNION ALL
    SELECT 'head:' || head.day,
        'seal ' || head.sequence || CASE WHEN seal.id IS NULL THEN ' is gone' ELSE ' is another one' END
    FROM ledger_ledgerhead head LEFT JOIN ledger_ledgerseal seal ON seal.sequence = head.sequence
    WHERE seal.hash IS DISTINCT FROM head.hash
    UNION ALL
    SELECT 'transaction:' || id, 'it was never sealed, though later ones were' FROM overlooked_transaction
    """,
)

invariant(
    "I29",
    "a reversal mirrors what it reverses",
    """
    SELECT 'transaction:' || mirror.id, 'reverses transaction ' || mirror.reverses_id
    FROM changed_transaction mirror JOIN ledger_ledgertransaction original ON original.id = mirror.reverses_id
    WHERE mirror.organization_id IS DISTINCT FROM original.organization_id
        OR mirror.currency <> original.currency
        OR EXISTS (
            SELECT account_id, sum(amount) FROM ledger_ledgerentry
            WHERE transaction_id IN (mirror.id, original.id)
            GROUP BY account_id HAVING sum(amount) <> 0
        )
    """,
)
