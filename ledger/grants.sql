-- The second wall around the ledger: a role of the product that doesn't own the tables.
--
-- The triggers refuse every change of the ledger, but the owner of a table may drop its triggers. So let migrations run
-- as the owner, and web, workers and beat as a role that can only read and add. Make the role once,
--
--     CREATE ROLE maly_app LOGIN PASSWORD '…';
--
-- run this file as the owner after every `manage.py migrate`, and give web, workers and beat a DATABASE_URL of that role:
--
--     psql "$OWNER_DATABASE_URL" -v ON_ERROR_STOP=1 -f ledger/grants.sql

GRANT USAGE ON SCHEMA public TO maly_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO maly_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO maly_app;

-- The books and the audit log: read and add.
REVOKE UPDATE, DELETE, TRUNCATE ON
    ledger_ledgeraccount,
    ledger_ledgertransaction,
    ledger_ledgerentry,
    ledger_ledgerseal,
    ledger_ledgercheckpoint,
    ledger_ledgerhead,
    ledger_ledgermark,
    accounts_auditentry
FROM maly_app;

-- What is broken: kept as a history, cleared by a later verification.
REVOKE DELETE, TRUNCATE ON
    ledger_ledgerviolation
FROM maly_app;

-- Views over the books: read. A write through a view would have its owner's rights.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON
    ledger_unsealed,
    ledger_balance,
    ledger_body
FROM maly_app;

-- The revenue views: read, and refreshed by a function that has their owner's rights.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON
    adminpanel_revenuemark,
    platform_daily_revenue,
    platform_daily_tickets,
    platform_daily_totals,
    platform_live_revenue,
    platform_revenue,
    platform_tickets,
    platform_totals
FROM maly_app;
