"""What must be true of the inbox of Stripe's events. Number as in the platform's list of invariants."""

from ledger.registry import invariant

# An event that is tried again is due later each time; one that is being handled has a lease. The clock makes both a
# fault, so all of them are looked at every time: the two partial indexes hold nothing else.
invariant(
    "I25",
    "no event of Stripe's waits 5 minutes beyond its time, and staff have seen every dead letter",
    """
    SELECT 'event:' || event_id, type || ' was due at ' || due_at || ' and nobody has it'
    FROM connect_stripeevent
    WHERE status = 'received' AND due_at < now() - interval '5 minutes'
        AND (lease_until IS NULL OR lease_until < now())
    UNION ALL
    SELECT 'event:' || event_id, type || ' is a dead letter: ' || left(error, 200)
    FROM connect_stripeevent WHERE status = 'dead' AND acknowledged_at IS NULL
    """,
)
