"""What must be true of stock and holds."""

from django.conf import settings

from ledger.registry import invariant

invariant(
    "I07",
    "held and sold stay within the capacity",
    """
    SELECT 'ticket_type:' || public_id, held || ' held, ' || sold || ' sold of ' || capacity
    FROM ticketing_tickettype WHERE held < 0 OR sold < 0 OR held + sold > capacity
    UNION ALL
    SELECT 'event:' || slug, held || ' held, ' || sold || ' sold of ' || COALESCE(capacity::text, 'any number')
    FROM ticketing_event WHERE held < 0 OR sold < 0 OR held + sold > capacity
    """,
)

invariant(
    "I08",
    "what counts as sold are the live tickets",
    """
    SELECT 'ticket_type:' || public_id, sold || ' sold, ' || live || ' live tickets'
    FROM (
        SELECT public_id, sold, (
            SELECT count(*) FROM ticketing_ticket ticket
            WHERE ticket.ticket_type_id = changed_stock.id AND ticket.status <> 'cancelled'
        ) AS live
        FROM changed_stock
    ) counted
    WHERE sold <> live
    UNION ALL
    SELECT 'event:' || event.slug, event.sold || ' sold, ' || sum(kind.sold) || ' of its ticket types'
    FROM ticketing_event event JOIN ticketing_tickettype kind ON kind.event_id = event.id
    GROUP BY event.id HAVING event.sold <> sum(kind.sold)
    """,
)

invariant(
    "I09",
    "what counts as held is held by orders that await payment",
    """
    SELECT 'ticket_type:' || public_id, stock.held || ' held, ' || COALESCE(hold.held, 0) || ' by orders'
    FROM changed_stock stock LEFT JOIN active_hold hold ON hold.ticket_type_id = stock.id
    WHERE stock.held <> COALESCE(hold.held, 0)
    UNION ALL
    SELECT 'event:' || event.slug, event.held || ' held, ' || sum(kind.held) || ' of its ticket types'
    FROM ticketing_event event JOIN ticketing_tickettype kind ON kind.event_id = event.id
    GROUP BY event.id HAVING event.held <> sum(kind.held)
    """,
)

# Rows that wait for staff are kept from every sweep.
invariant(
    "I10",
    "no hold outlives its time by two minutes",
    """
    SELECT 'order:' || code, 'held until ' || COALESCE(hold_expires_at::text, 'no time')
    FROM ticketing_order waiting
    WHERE status = 'awaiting_payment'
        AND (hold_expires_at IS NULL OR hold_expires_at < now() - interval '2 minutes')
        AND NOT EXISTS (
            SELECT FROM ticketing_payment payment WHERE payment.order_id = waiting.id AND payment.status = 'review'
        )
    """,
)

# An order is placed a moment before its payment is asked for; a sweep closes what died in between.
invariant(
    "I28",
    "no order awaits a payment that nobody can make any more",
    f"""
    SELECT 'order:' || code, 'held until ' || hold_expires_at || ', no payment under way'
    FROM ticketing_order waiting
    WHERE status = 'awaiting_payment'
        AND hold_expires_at < now() + interval '{settings.HOLD_MINUTES - 5} minutes'
        AND NOT EXISTS (
            SELECT FROM ticketing_payment payment
            WHERE payment.order_id = waiting.id AND payment.status IN ('requested', 'open', 'review')
        )
    """,  # noqa: S608  a number of our own settings
)
