"""What the invariants of ticketing read: orders and ticket types that were written to, and their sums."""

from ledger.registry import relation

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
