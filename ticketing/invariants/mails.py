"""What must be true of the mails that bring the tickets."""

from ledger.registry import invariant

# A mail that failed is due later each time, so one that is overdue has been forgotten. Its key is unique.
invariant(
    "I26",
    "each paid order has its ticket mail, and none is stuck",
    """
    SELECT 'order:' || paid.code, 'it has no ticket mail'
    FROM changed_order paid
    WHERE is_settled AND NOT EXISTS (
        SELECT FROM notifications_message mail WHERE mail.key = 'ticket_confirmation:' || paid.code
    )
    UNION ALL
    SELECT 'mail:' || key, CASE state WHEN 'dead' THEN 'it was given up' ELSE 'it was due at ' || due_at END
    FROM notifications_message
    WHERE kind = 'ticket_confirmation' AND (state = 'dead' OR (
        state = 'queued' AND due_at < now() - interval '15 minutes'
        AND (lease_until IS NULL OR lease_until < now())
    ))
    """,
)
