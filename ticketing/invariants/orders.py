"""What must be true of orders, their lines and tickets."""

from ledger.registry import invariant

invariant(
    "I11",
    "an order's subtotal and total are those of its lines",
    """
    SELECT 'order:' || code, 'subtotal ' || subtotal_amount || ' and total ' || total_amount
        || ', lines ' || subtotal || ' and ' || total
    FROM (
        SELECT code, subtotal_amount, total_amount,
            COALESCE(sum(line.quantity * line.unit_price_amount), 0) AS subtotal,
            COALESCE(sum(line.quantity * line.unit_total_amount), 0) AS total
        FROM changed_order LEFT JOIN ticketing_orderline line ON line.order_id = changed_order.id
        GROUP BY changed_order.id, code, subtotal_amount, total_amount
    ) summed
    WHERE subtotal_amount <> subtotal OR total_amount <> total
    """,
)

# The share of every ticket as it was frozen with the order, and once there are tickets, theirs.
invariant(
    "I12",
    "an order's fees are the sum of its tickets' fees and no more than its total",
    """
    SELECT 'order:' || code, 'fees ' || platform_fee_amount || ' and ' || processing_fee_amount || ', tickets '
        || COALESCE(part.platform_fee, 0) || ' and ' || COALESCE(part.processing_fee, 0)
        || ' of ' || COALESCE(part.paid, 0)
    FROM (
        SELECT bought.code, platform_fee_amount, processing_fee_amount, total_amount,
            sum((share ->> 'paid')::bigint) AS paid, sum((share ->> 'platform_fee')::bigint) AS platform_fee,
            sum((share ->> 'processing_fee')::bigint) AS processing_fee
        FROM changed_order bought LEFT JOIN ticketing_orderline line ON line.order_id = bought.id
        LEFT JOIN LATERAL jsonb_array_elements(line.ticket_amounts) share ON true
        GROUP BY bought.id, bought.code, platform_fee_amount, processing_fee_amount, total_amount
        UNION ALL
        SELECT bought.code, bought.platform_fee_amount, bought.processing_fee_amount, total_amount,
            sum(ticket.paid_amount), sum(ticket.platform_fee_amount), sum(ticket.processing_fee_amount)
        FROM changed_order bought JOIN ticketing_ticket ticket ON ticket.order_id = bought.id
        GROUP BY bought.id, bought.code, bought.platform_fee_amount, bought.processing_fee_amount, total_amount
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
        AND payment.status <> 'review' AND payment.received IS NULL
    """,
)
