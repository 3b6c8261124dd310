"""What must be true between Stripe and the books, by what was imported and when they were last compared.

A difference that staff have acknowledged is theirs to clear and no fault of the books any more.
"""

from ledger.registry import invariant, relation
from payouts.services.reconciliation.statements import COMPARED, HORIZON

relation(
    "acknowledged_difference",
    """
    SELECT subject, books, currency FROM payouts_moneyexception
    WHERE cleared_at IS NULL AND acknowledged_at IS NOT NULL
    """,
)
# By key, over everything that was ever imported: for full runs. In between each hour's comparison says the same.
relation(
    "compared_movement",
    f"""
    SELECT compared.*, horizon.complete_at, COALESCE(horizon.has_gap, false) AS has_gap
    FROM ({COMPARED}) compared JOIN ({HORIZON}) horizon ON horizon.books = compared.books
    WHERE compared.at_stripe <> compared.in_ledger
    """,  # noqa: S608
    changed=f"""
    SELECT compared.*, now() AS complete_at, false AS has_gap FROM ({COMPARED}) compared WHERE false
    """,  # noqa: S608
)

invariant(
    "I22",
    "each balance at Stripe is the ledger's account of it, as they were last compared",
    """
    SELECT 'balance:' || books || ':' || currency,
        'Stripe ' || stripe_amount || ', ledger ' || ledger_amount || ' and ' || in_flight_amount || ' in flight'
    FROM payouts_balancecomparison compared
    WHERE stripe_amount <> ledger_amount + in_flight_amount AND NOT EXISTS (
        SELECT FROM acknowledged_difference known
        WHERE known.books = compared.books AND known.currency = compared.currency
    )
    """,
)

invariant(
    "I23",
    "each imported movement and the ledger say the same of it, both ways",
    """
    SELECT 'movement:' || books || ':' || currency || ':' || key,
        'Stripe ' || at_stripe || ', ledger ' || in_ledger
    FROM compared_movement compared
    WHERE known_at <= complete_at - interval '5 minutes' AND (movements > 0 OR NOT has_gap) AND NOT EXISTS (
        SELECT FROM acknowledged_difference known
        WHERE known.subject = compared.books || ':' || compared.currency || ':' || compared.key
    )
    """,
)
