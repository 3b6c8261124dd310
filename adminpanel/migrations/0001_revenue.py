"""Revenue by the day: materialized views of what is certain, and views of what has come since.

Everything is read from the ledger. A day is the platform's own, in the zone of the mark. Amounts are minor units; the
platform's own movements (no organization) stand under organization 0.

The views hold what the last refresh could be sure of; a row of `adminpanel_revenuemark` says how far that went:

- `xact_id`: every transaction of the database with a smaller number had ended.
- `last_id`: the last posting that the views hold. Postings of a restored dump have lower ids than any that come later,
  whatever numbers the other cluster gives its transactions.
- `restored_id`: the last posting that came with a number which this cluster hadn't reached: one that a dump brought.
  It was committed long ago; its number says nothing here.

So the views hold a posting when `id <= restored_id OR (xact_id < mark AND id <= last_id)`, and every other one is read
live. Which of the two holds it depends on the row and the mark alone: none is counted twice, and none is lost.
"""

# ruff: noqa: S608  the statements are put together from the texts of this file alone

from django.db import migrations, models

# Kinds of postings; each may have a reversal, whose amounts are turned round.
SALES = "('sale', 'sale_reversal')"
REFUNDS = "('refund', 'refund_reversal', 'refund_paid_otherwise', 'refund_paid_otherwise_reversal')"
DISPUTES = "('dispute_opened', 'dispute_opened_reversal', 'dispute_won', 'dispute_won_reversal')"
# What a posting is to these figures, and what an account: numbers, which millions of rows compare faster than words.
SALE, REFUND, DISPUTE = 1, 2, 3
CLASS = f"""CASE
    WHEN posted.kind IN {SALES} THEN {SALE}
    WHEN posted.kind IN {REFUNDS} THEN {REFUND}
    WHEN posted.kind IN {DISPUTES} THEN {DISPUTE}
    ELSE 0
END"""
# The result, what was earned and spent, comes first.
PLATFORM_FEE, PROCESSING, PREMIUM, OTHER, STRIPE_FEE, DISPUTE_FEE, LOSS = range(1, 8)
ORGANIZER, DISPUTED = 8, 9
ROLES = f"""
SELECT id, CASE
    WHEN code = 'revenue:platform_fee' THEN {PLATFORM_FEE}
    WHEN code = 'revenue:processing_recovered' THEN {PROCESSING}
    WHEN code = 'revenue:premium' THEN {PREMIUM}
    WHEN kind = 'revenue' THEN {OTHER}
    WHEN code = 'expense:stripe_fees' THEN {STRIPE_FEE}
    WHEN code = 'expense:dispute_fees' THEN {DISPUTE_FEE}
    WHEN kind = 'expense' THEN {LOSS}
    WHEN code LIKE 'dispute:%' THEN {DISPUTED}
    ELSE {ORGANIZER}
END AS role
FROM ledger_ledgeraccount
WHERE kind IN ('revenue', 'expense') OR code LIKE 'organizer:%' OR code LIKE 'receivable:organizer:%'
    OR code LIKE 'dispute:%'
"""
# As subqueries of their own, which are asked once, not for each row.
ZONE = "(SELECT revenue_zone())"
HELD = """
(posted.id <= (SELECT revenue_restored_id())
    OR (posted.xact_id < (SELECT revenue_xact_id()) AND posted.id <= (SELECT revenue_last_id())))
"""
HOLDS = "(SELECT revenue_xact_id()) > 0"
# By functions, so that the planner knows how few rows that is. Every number below the top has begun: numbers above it
# came with a dump.
LIVE = """
posted.id > revenue_restored_id()
AND ((posted.xact_id >= revenue_xact_id() AND posted.xact_id < revenue_top()) OR posted.id > revenue_last_id())
"""


FIGURES = (
    "order_count",
    "gmv",
    "platform_fees",
    "processing_recovered",
    "premium",
    "fees_returned",
    "organizer_revenue",
    "refunds",
    "disputes",
    "stripe_fees",
    "dispute_fees",
    "losses",
    "net",
)


def revenue(which: str) -> str:
    """The figures of each day, organization and currency from the postings that fulfil a condition.

    Debits are positive in the ledger, so what is earned and owed is turned round. A sale's gross is what it gave to the
    organizer and to us; what a refund took from both is what the buyer got.
    """

    def total(condition: str) -> str:
        return f"coalesce(sum(moved.amount) FILTER (WHERE {condition}), 0)::bigint"

    return f"""
SELECT moved.date, moved.organization_id, moved.currency, sum(moved.orders)::bigint AS order_count,
    -{total(f"moved.class = {SALE}")} AS gmv,
    -{total(f"moved.role = {PLATFORM_FEE}")} AS platform_fees,
    -{total(f"moved.role = {PROCESSING}")} AS processing_recovered,
    -{total(f"moved.role = {PREMIUM}")} AS premium,
    {total(f"moved.class = {REFUND} AND moved.role IN ({PLATFORM_FEE}, {PROCESSING})")} AS fees_returned,
    -{total(f"moved.role = {ORGANIZER}")} AS organizer_revenue,
    {total(f"moved.class = {REFUND}")} AS refunds,
    {total(f"moved.role = {DISPUTED}")} AS disputes,
    {total(f"moved.role = {STRIPE_FEE}")} AS stripe_fees,
    {total(f"moved.role = {DISPUTE_FEE}")} AS dispute_fees,
    {total(f"moved.role = {LOSS}")} AS losses,
    -{total(f"moved.role <= {LOSS}")} AS net
FROM (
    SELECT (posted.occurred_at AT TIME ZONE {ZONE})::date AS date,
        coalesce(posted.organization_id, 0) AS organization_id, posted.currency, {CLASS} AS class,
        account.role, entry.amount, 0 AS orders
    FROM ledger_ledgertransaction posted
    JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id
    JOIN ({ROLES}) account ON account.id = entry.account_id
    WHERE {which}
    UNION ALL
    SELECT (posted.occurred_at AT TIME ZONE {ZONE})::date, coalesce(posted.organization_id, 0), posted.currency,
        0, 0, 0, CASE posted.kind WHEN 'sale' THEN 1 ELSE -1 END
    FROM ledger_ledgertransaction posted
    WHERE posted.kind IN {SALES} AND {which}
) moved
WHERE moved.role <= {LOSS} OR (moved.role = {ORGANIZER} AND moved.class IN ({SALE}, {REFUND}))
    OR (moved.role = {DISPUTED} AND moved.class = {DISPUTE})
GROUP BY moved.date, moved.organization_id, moved.currency
"""


def totals(rows: str) -> str:
    """The figures of each day and currency, of all organizations together."""
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in FIGURES)
    return f"SELECT date, currency, {sums} FROM {rows} GROUP BY date, currency"


def tickets(which: str) -> str:
    """Tickets issued on each day, of free orders too; those of a payment that came too late never were."""
    return f"""
SELECT (completed.completed_at AT TIME ZONE {ZONE})::date AS date, completed.currency,
    sum(line.quantity)::bigint AS tickets
FROM ticketing_order completed
JOIN ticketing_orderline line ON line.order_id = completed.id
WHERE completed.problem = '' AND {which}
GROUP BY 1, 2
"""


# The mark; without a row nothing has been refreshed, and everything is live.
FUNCTIONS = (
    "".join(
        f"""
CREATE FUNCTION revenue_{name}() RETURNS {kind} LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT max({name}) FROM adminpanel_revenuemark), '{otherwise}');
"""
        for name, kind, otherwise in (
            ("zone", "text", "UTC"),
            ("xact_id", "bigint", "0"),
            ("last_id", "bigint", "0"),
            ("restored_id", "bigint", "0"),
            ("tickets_before", "timestamptz", "-infinity"),
        )
    )
    + """
CREATE FUNCTION revenue_top() RETURNS bigint LANGUAGE sql STABLE
RETURN GREATEST(
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_xact_id_if_assigned()::text::bigint + 1
);
"""
)
VIEWS = f"""
CREATE MATERIALIZED VIEW platform_daily_revenue AS {revenue(HELD)};
CREATE UNIQUE INDEX platform_daily_revenue_once ON platform_daily_revenue (date, organization_id, currency);
CREATE INDEX platform_daily_revenue_of ON platform_daily_revenue (organization_id, date);
CREATE MATERIALIZED VIEW platform_daily_tickets AS {tickets("completed.completed_at < (SELECT revenue_tickets_before())")};
CREATE UNIQUE INDEX platform_daily_tickets_once ON platform_daily_tickets (date, currency);

-- A day may stand in both parts: add them up. Where the mark was lost, what the views hold is live as well.
CREATE VIEW platform_live_revenue AS {revenue(LIVE)};
CREATE VIEW platform_revenue AS
SELECT * FROM platform_daily_revenue WHERE {HOLDS} UNION ALL SELECT * FROM platform_live_revenue;
-- Of all organizations together, for figures that need none of them.
CREATE MATERIALIZED VIEW platform_daily_totals AS {totals("platform_daily_revenue")};
CREATE UNIQUE INDEX platform_daily_totals_once ON platform_daily_totals (date, currency);
CREATE VIEW platform_totals AS
SELECT * FROM platform_daily_totals WHERE {HOLDS} UNION ALL {totals("platform_live_revenue")};
CREATE VIEW platform_tickets AS
SELECT * FROM platform_daily_tickets WHERE (SELECT revenue_tickets_before()) > '-infinity'
UNION ALL SELECT * FROM ({tickets("completed.completed_at >= revenue_tickets_before()")}) live;
"""
# All in one transaction: who reads meanwhile sees the former mark with the former views. With the rights of the owner,
# since only the owner of a view may refresh it. Orders are completed by the clock of the application: a day is more
# than any clock is wrong, and than any transaction lasts.
REFRESH = """
CREATE FUNCTION refresh_platform_revenue(in_zone text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '128MB' AS $$
DECLARE
    began timestamptz := clock_timestamp();
    ended bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    restored bigint;
BEGIN
    -- "malyrevn" in ASCII: any number of refreshes are one.
    IF NOT pg_try_advisory_xact_lock(x'6D616C797265766E'::bigint) THEN
        RETURN false;
    END IF;
    -- In one statement, so that top and rows are of one snapshot.
    SELECT GREATEST(max(id), revenue_restored_id()) INTO restored
    FROM ledger_ledgertransaction WHERE xact_id >= revenue_top();
    INSERT INTO adminpanel_revenuemark AS mark
        (id, zone, xact_id, last_id, restored_id, tickets_before, refreshed_at, milliseconds)
    VALUES (
        1, in_zone, ended,
        GREATEST(restored, (
            SELECT id FROM ledger_ledgertransaction
            WHERE xact_id < ended AND id > restored ORDER BY id DESC LIMIT 1
        )),
        restored, now() - interval '1 day', now(), 0
    )
    ON CONFLICT (id) DO UPDATE SET zone = excluded.zone, xact_id = excluded.xact_id, last_id = excluded.last_id,
        restored_id = excluded.restored_id, tickets_before = excluded.tickets_before,
        refreshed_at = excluded.refreshed_at;
    REFRESH MATERIALIZED VIEW CONCURRENTLY platform_daily_revenue;
    REFRESH MATERIALIZED VIEW CONCURRENTLY platform_daily_totals;
    REFRESH MATERIALIZED VIEW CONCURRENTLY platform_daily_tickets;
    UPDATE adminpanel_revenuemark SET milliseconds = extract(epoch FROM clock_timestamp() - began) * 1000;
    RETURN true;
END
$$;
"""
NAMES = ("zone", "xact_id", "last_id", "restored_id", "tickets_before", "top")
DROP = """
DROP FUNCTION refresh_platform_revenue(text);
DROP VIEW platform_revenue, platform_totals, platform_tickets;
DROP MATERIALIZED VIEW platform_daily_totals, platform_daily_tickets;
DROP VIEW platform_live_revenue;
DROP MATERIALIZED VIEW platform_daily_revenue;
""" + "".join(f"DROP FUNCTION revenue_{name}();" for name in NAMES)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_violations"), ("ticketing", "0011_buyers")]

    operations = [
        migrations.CreateModel(
            name="RevenueMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("zone", models.CharField(help_text="The zone of the platform's days.", max_length=60)),
                (
                    "xact_id",
                    models.BigIntegerField(help_text="Every transaction with a smaller number had ended."),
                ),
                ("last_id", models.BigIntegerField(help_text="The last posting that the views hold.")),
                (
                    "restored_id",
                    models.BigIntegerField(
                        help_text="The last posting that a restored dump has brought, if any."
                    ),
                ),
                (
                    "tickets_before",
                    models.DateTimeField(help_text="The views hold tickets of orders completed before."),
                ),
                ("refreshed_at", models.DateTimeField()),
                ("milliseconds", models.PositiveIntegerField(help_text="How long the refresh took.")),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(id=1), name="revenue_mark_once")],
            },
        ),
        migrations.RunSQL(FUNCTIONS + VIEWS + REFRESH, DROP),
    ]
