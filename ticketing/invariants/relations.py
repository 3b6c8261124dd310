"""What the invariants of ticketing read: orders and ticket types that were written to, and their sums."""

from ledger.registry import relation

# A late payment's order is refunded without ever having had tickets.
ORDERS = """
SELECT id, code, status, event_id, organization_id, connected_account_id, currency, subtotal_amount,
    platform_fee_amount, processing_fee_amount, total_amount, refunded_amount,
    status IN ('paid', 'partly_refunded', 'disputed')
        OR (status = 'refunded' AND problem <> 'RESERVATION_EXPIRED') AS is_settled
FROM ticketing_order
"""
# The array says "few" to the planner: they, and what belongs to them, are looked up by ids and never read as a whole.
CHANGED = """
WHERE id = ANY (ARRAY(
    SELECT id FROM ticketing_order WHERE age(xmin) <= age(%(since_xid)s::xid)
    UNION SELECT order_id FROM ticketing_orderline WHERE age(xmin) <= age(%(since_xid)s::xid)
    UNION SELECT order_id FROM ticketing_payment WHERE age(xmin) <= age(%(since_xid)s::xid)
    UNION SELECT order_id FROM ticketing_ticket WHERE age(xmin) <= age(%(since_xid)s::xid)
    UNION SELECT order_id FROM ticketing_refund WHERE age(xmin) <= age(%(since_xid)s::xid)
    UNION SELECT payment.order_id FROM ticketing_payment payment JOIN (
        SELECT payment_id FROM ticketing_applicationfeerefund WHERE age(xmin) <= age(%(since_xid)s::xid)
        UNION SELECT payment_id FROM ticketing_transferreversal WHERE age(xmin) <= age(%(since_xid)s::xid)
        UNION SELECT payment_id FROM ticketing_organizertransfer WHERE age(xmin) <= age(%(since_xid)s::xid)
        UNION SELECT payment_id FROM ticketing_dispute WHERE age(xmin) <= age(%(since_xid)s::xid)
    ) moved ON moved.payment_id = payment.id
    UNION SELECT named.id FROM changed_transaction posted
    JOIN ticketing_order named ON named.code = substr(posted.subject, 7) WHERE posted.subject LIKE 'order:%%'
))
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
