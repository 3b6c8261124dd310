"""What must be true of orders, their lines and tickets."""

from ledger.registry import invariant

invariant(
    "I11",
    "an order's subtotal and total are those of its lines",
    """
    SELECT 'order:' || code, 'subtotal ' || subtotal_amount || ' and total ' || total_amount
        || ', lines ' || COALESCE(line.subtotal, 0) || ' and ' || COALESCE(line.total, 0)
    FROM changed_order LEFT JOIN changed_line_sum line ON line.order_id = changed_order.id
    WHERE subtotal_amount <> COALESCE(line.subtotal, 0) OR total_amount <> COALESCE(line.total, 0)
    """,
)

invariant(
    "I12",
    "an order's fees are the sum of its tickets' fees and no more than its total",
    """
    SELECT 'order:' || code, 'fees ' || platform_fee_amount || ' and ' || processing_fee_amount || ', tickets '
        || COALESCE(part.platform_fee, 0) || ' and ' || COALESCE(part.processing_fee, 0)
        || ' of ' || COALESCE(part.paid, 0)
    FROM (
        SELECT * FROM changed_order LEFT JOIN changed_share_sum share ON share.order_id = id
        UNION ALL
        SELECT * FROM changed_order JOIN changed_ticket_sum ticket ON ticket.order_id = id
    ) part
    WHERE platform_fee_amount <> COALESCE(part.platform_fee, 0)
        OR processing_fee_amount <> COALESCE(part.processing_fee, 0)
        OR total_amount <> COALESCE(part.paid, 0)
        OR platform_fee_amount < 0 OR processing_fee_amount < 0
        OR platform_fee_amount + processing_fee_amount > total_amount
    """,
)

invariant(
    "I15",
    "a paid order has a ticket for each one bought, any other order none",
    """
    SELECT 'order:' || code, status || ', ' || tickets || ' tickets for ' || quantity || ' of line ' || line_id
    FROM (
        SELECT bought.code, bought.status, line.id AS line_id, bought.is_settled, line.quantity, (
            SELECT count(*) FROM ticketing_ticket ticket WHERE ticket.line_id = line.id
        ) AS tickets
        FROM changed_order bought JOIN ticketing_orderline line ON line.order_id = bought.id
    ) counted
    WHERE tickets <> CASE WHEN is_settled THEN quantity ELSE 0 END
    """,
)

invariant(
    "I16",
    "a refunded order has no live ticket",
    """
    SELECT 'order:' || changed_order.code, count(*) || ' live tickets'
    FROM changed_order JOIN ticketing_ticket ticket ON ticket.order_id = changed_order.id
    WHERE changed_order.status = 'refunded' AND ticket.status <> 'cancelled'
    GROUP BY changed_order.code
    """,
)

invariant(
    "I27",
    "an order, its event, ticket types, tickets, payments and account belong together",
    """
    SELECT 'order:' || mixed.code, 'event ' || event.slug || ' is of another organization'
    FROM changed_order mixed JOIN ticketing_event event ON event.id = mixed.event_id
    WHERE event.organization_id <> mixed.organization_id
    UNION ALL
    SELECT 'order:' || mixed.code, 'ticket type ' || kind.public_id || ' is of another event'
    FROM changed_order mixed JOIN ticketing_orderline line ON line.order_id = mixed.id
    JOIN ticketing_tickettype kind ON kind.id = line.ticket_type_id
    WHERE kind.event_id <> mixed.event_id
    UNION ALL
    SELECT 'order:' || mixed.code, 'ticket ' || ticket.id || ' is of another event, ticket type or order'
    FROM changed_order mixed JOIN ticketing_ticket ticket ON ticket.order_id = mixed.id
    JOIN ticketing_orderline line ON line.id = ticket.line_id
    WHERE (ticket.event_id, ticket.ticket_type_id, line.order_id)
        <> (mixed.event_id, line.ticket_type_id, mixed.id)
    UNION ALL
    SELECT 'order:' || mixed.code, 'the connected account is of another organization'
    FROM changed_order mixed LEFT JOIN connect_connectedaccount account ON account.id = mixed.connected_account_id
    WHERE mixed.total_amount > 0 AND account.organization_id IS DISTINCT FROM mixed.organization_id
    UNION ALL
    SELECT 'order:' || mixed.code, 'payment ' || payment.id || ' pays another account'
    FROM changed_order mixed JOIN ticketing_payment payment ON payment.order_id = mixed.id
    JOIN connect_connectedaccount account ON account.id = mixed.connected_account_id
    WHERE payment.destination IS DISTINCT FROM account.stripe_account_id
    """,
)
