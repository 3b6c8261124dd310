"""What the database itself knows of the ledger: how to read it, and what it refuses, whoever asks."""

from django.db import migrations

# A chain's end from another cluster (a restored dump) has a horizon that this one hasn't reached: then all is looked at.
FLOOR = """
CREATE FUNCTION ledger_floor() RETURNS bigint LANGUAGE sql STABLE
RETURN COALESCE((
    SELECT CASE WHEN horizon <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN horizon END
    FROM ledger_ledgerseal ORDER BY sequence DESC LIMIT 1
), 0);
"""
# The lookup is a subquery on purpose: a join would read every seal there is.
UNSEALED = """
CREATE VIEW ledger_unsealed AS
SELECT posted.id AS transaction_id, posted.xact_id
FROM ledger_ledgertransaction posted
WHERE posted.xact_id >= ledger_floor()
    AND (SELECT seal.id FROM ledger_ledgerseal seal WHERE seal.transaction_id = posted.id) IS NULL;
"""
BALANCE = """
CREATE VIEW ledger_balance AS
SELECT account.id AS account_id, account.code, account.kind, account.currency, account.organization_id,
    (COALESCE((
        SELECT checkpoint.balance FROM ledger_ledgercheckpoint checkpoint
        WHERE checkpoint.account_id = account.id ORDER BY checkpoint.sequence DESC LIMIT 1
    ), 0) + COALESCE(since.amount, 0))::bigint AS amount
FROM ledger_ledgeraccount account
LEFT JOIN (
    SELECT entry.account_id, sum(entry.amount) AS amount
    FROM ledger_unsealed JOIN ledger_ledgerentry entry USING (transaction_id)
    GROUP BY entry.account_id
) since ON since.account_id = account.id;
"""
# What a seal covers, in one spelling for ever: times in microseconds since 1970, entries in the order of posting.
BODY = """
CREATE VIEW ledger_body AS
SELECT posted.id AS transaction_id, json_build_array(
    posted.id, posted.kind, posted.source, posted.organization_id, posted.subject, posted.currency,
    (extract(epoch FROM posted.occurred_at) * 1000000)::bigint,
    (extract(epoch FROM posted.posted_at) * 1000000)::bigint,
    posted.reverses_id, json_agg(json_build_array(account.code, entry.amount) ORDER BY entry.id)
)::text AS body
FROM ledger_ledgertransaction posted
JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id
JOIN ledger_ledgeraccount account ON account.id = entry.account_id
GROUP BY posted.id;
"""
# With a search path of its own: else a temporary table of the same name would be summed instead.
CHECK_AT_COMMIT = """
CREATE FUNCTION ledger_check_posting() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    posted ledger_ledgertransaction;
    entries bigint;
    total numeric;
    strange bigint;
BEGIN
    IF TG_TABLE_NAME = 'ledger_ledgerentry' THEN
        SELECT * INTO posted FROM ledger_ledgertransaction WHERE id = NEW.transaction_id;
    ELSE
        posted := NEW;
    END IF;
    IF posted.xact_id IS DISTINCT FROM pg_current_xact_id()::text::bigint THEN
        RAISE EXCEPTION 'ledger: transaction % is closed, entries come with their transaction', posted.id
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT count(*), COALESCE(sum(entry.amount), 0),
        count(*) FILTER (WHERE account.currency IS DISTINCT FROM posted.currency)
    INTO entries, total, strange
    FROM ledger_ledgerentry entry LEFT JOIN ledger_ledgeraccount account ON account.id = entry.account_id
    WHERE entry.transaction_id = posted.id;
    IF total <> 0 THEN
        RAISE EXCEPTION 'ledger: transaction % sums to %, not to zero', posted.id, total
            USING ERRCODE = 'check_violation';
    ELSIF entries < 2 THEN
        RAISE EXCEPTION 'ledger: transaction % has fewer than two entries', posted.id
            USING ERRCODE = 'check_violation';
    ELSIF strange > 0 THEN
        RAISE EXCEPTION 'ledger: transaction % has an entry of no account in %', posted.id, posted.currency
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER ledger_transaction_balances AFTER INSERT ON ledger_ledgertransaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_posting();
CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON ledger_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_posting();
"""
TABLES = [
    "ledger_ledgeraccount",
    "ledger_ledgertransaction",
    "ledger_ledgerentry",
    "ledger_ledgerseal",
    "ledger_ledgercheckpoint",
    "ledger_ledgerhead",
    "ledger_ledgermark",
]
REFUSE = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
""" + "".join(
    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();\n"
    for table in TABLES
)
ALLOW = (
    "".join(f"DROP TRIGGER {table}_append_only ON {table};\n" for table in TABLES)
    + "DROP FUNCTION ledger_refuse_change();"
)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(FLOOR, "DROP FUNCTION ledger_floor()"),
        migrations.RunSQL(UNSEALED, "DROP VIEW ledger_unsealed"),
        migrations.RunSQL(BALANCE, "DROP VIEW ledger_balance"),
        migrations.RunSQL(BODY, "DROP VIEW ledger_body"),
        migrations.RunSQL(
            CHECK_AT_COMMIT,
            "DROP TRIGGER ledger_transaction_balances ON ledger_ledgertransaction;"
            "DROP TRIGGER ledger_entry_balances ON ledger_ledgerentry;"
            "DROP FUNCTION ledger_check_posting();",
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
