"""What must be true of stock, orders, payments and tickets. Numbers as in the platform's list of invariants.

An incremental run looks at orders and ticket types that a transaction has written to since the last clean mark, by the
rows' own `xmin`; what depends on the clock is looked at every time.
"""

from django.conf import settings

from ledger.registry import invariant, relation

# A late payment's order is refunded without ever having had tickets.
ORDERS = """
SELECT id, code, status, event_id, organization_id, connected_account_id, currency, subtotal_amount,
    platform_fee_amount, processing_fee_amount, total_amount,
    status IN ('paid', 'partly_refunded', 'disputed')
        OR (status = 'refunded' AND problem <> 'RESERVATION_EXPIRED') AS is_settled
FROM ticketing_order
"""
CHANGED = """
WHERE id IN (
    SELECT id FROM ticketing_order WHERE age(xmin) <= age(%(since_xid)s::xid)
    UNION SELECT order_id FROM ticketing_orderline WHERE age(xmin) <= age(%(since_xid)s::xid)
    UNION SELECT order_id FROM ticketing_payment WHERE age(xmin) <= age(%(since_xid)s::xid)
    UNION SELECT order_id FROM ticketing_ticket WHERE age(xmin) <= age(%(since_xid)s::xid)
    UNION SELECT order_id FROM ticketing_refund WHERE age(xmin) <= age(%(since_xid)s::xid)
)
"""
relation("changed_order", ORDERS, changed=ORDERS + CHANGED)
relation(
    "active_hold",
    """
    SELECT line.ticket_type_id, sum(line.quantity) AS held
    FROM ticketing_order waiting JOIN ticketing_orderline line ON line.order_id = waiting.id
    WHERE waiting.status = 'awaiting_payment'
    GROUP BY line.ticket_type_id
    """,
)
relation(
    "changed_stock",
    "SELECT id, public_id, held, sold FROM ticketing_tickettype",
    changed="""
    SELECT id, public_id, held, sold FROM ticketing_tickettype
    WHERE age(xmin) <= age(%(since_xid)s::xid) OR id IN (
        SELECT line.ticket_type_id FROM changed_order JOIN ticketing_orderline line ON line.order_id = changed_order.id
    )
    """,
)
relation(
    "changed_line_sum",
    """
    SELECT line.order_id, sum(line.quantity * line.unit_price_amount) AS subtotal,
        sum(line.quantity * line.unit_total_amount) AS total
    FROM changed_order JOIN ticketing_orderline line ON line.order_id = changed_order.id
    GROUP BY line.order_id
    """,
)
# The share of every ticket as it was frozen with the order.
relation(
    "changed_share_sum",
    """
    SELECT line.order_id, sum((share ->> 'paid')::bigint) AS paid,
        sum((share ->> 'platform_fee')::bigint) AS platform_fee,
        sum((share ->> 'processing_fee')::bigint) AS processing_fee
    FROM changed_order JOIN ticketing_orderline line ON line.order_id = changed_order.id,
        jsonb_array_elements(line.ticket_amounts) share
    GROUP BY line.order_id
    """,
)
relation(
    "changed_ticket_sum",
    """
    SELECT ticket.order_id, sum(ticket.paid_amount) AS paid, sum(ticket.platform_fee_amount) AS platform_fee,
        sum(ticket.processing_fee_amount) AS processing_fee
    FROM changed_order JOIN ticketing_ticket ticket ON ticket.order_id = changed_order.id
    GROUP BY ticket.order_id
    """,
)

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
    "I13",
    "a paid order has exactly one succeeded payment, of its amount, currency and fee",
    """
    SELECT 'order:' || code, succeeded || ' succeeded payments, ' || same || ' of ' || total_amount
    FROM (
        SELECT code, total_amount, count(payment.id) AS succeeded, count(payment.id) FILTER (
            WHERE payment.amount = total_amount AND payment.currency = paid.currency
                AND payment.application_fee_amount = platform_fee_amount + processing_fee_amount
        ) AS same
        FROM changed_order paid LEFT JOIN ticketing_payment payment
            ON payment.order_id = paid.id AND payment.status = 'succeeded' AND NOT EXISTS (
                SELECT FROM ticketing_refund late WHERE late.payment_id = payment.id AND late.origin = 'late_payment'
            )
        WHERE is_settled
        GROUP BY paid.id, code, total_amount
    ) counted
    WHERE succeeded <> same OR succeeded <> CASE WHEN total_amount > 0 THEN 1 ELSE 0 END
    """,
)

invariant(
    "I14",
    "money that buys nothing is on its way back within 15 minutes",
    """
    SELECT 'order:' || unpaid.code, 'payment ' || payment.id || ' of ' || payment.amount || ', order ' || unpaid.status
    FROM ticketing_payment payment JOIN ticketing_order unpaid ON unpaid.id = payment.order_id
    LEFT JOIN ticketing_refund late ON late.payment_id = payment.id AND late.origin = 'late_payment'
    WHERE payment.status = 'succeeded' AND late.stripe_refund_id IS NULL
        AND payment.succeeded_at < now() - interval '15 minutes'
        AND (late.id IS NOT NULL OR unpaid.status IN ('awaiting_payment', 'expired', 'cancelled'))
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
    "I17",
    "refunds never exceed what was paid, nor the fee given back the fee, nor reversals the transfer",
    """
    SELECT 'order:' || code, 'payment ' || payment_id || ': refunded ' || refunded || ' of ' || amount
        || ', fee ' || fee || ' of ' || application_fee_amount || ', reversed ' || reversed
    FROM (
        SELECT changed_order.code, payment.id AS payment_id, payment.amount, payment.application_fee_amount, (
            SELECT COALESCE(sum(refund.amount), 0) FROM ticketing_refund refund
            WHERE refund.payment_id = payment.id AND refund.status IN ('requested', 'pending', 'succeeded')
        ) AS refunded, (
            SELECT COALESCE(sum(given.amount), 0) FROM ticketing_applicationfeerefund given
            WHERE given.payment_id = payment.id AND given.status <> 'refused'
        ) AS fee, (
            SELECT COALESCE(sum(taken.amount), 0) FROM ticketing_transferreversal taken
            WHERE taken.payment_id = payment.id AND taken.status <> 'refused'
        ) AS reversed
        FROM changed_order JOIN ticketing_payment payment ON payment.order_id = changed_order.id
        WHERE payment.succeeded_at IS NOT NULL
    ) moved
    WHERE refunded > amount OR fee > application_fee_amount OR reversed > amount
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
