"""What must be true of the door: nobody is in twice by one ticket, and nobody by a void one."""

from ledger.registry import invariant, relation

relation(
    "changed_admission",
    "SELECT id, code, status, cancelled_at FROM ticketing_ticket",
    changed="""
    SELECT id, code, status, cancelled_at FROM ticketing_ticket
    WHERE age(xmin) <= age(%(since_xid)s::xid) OR id IN (
        SELECT ticket_id FROM ticketing_checkin WHERE age(xmin) <= age(%(since_xid)s::xid)
    )
    """,
)

invariant(
    "I24",
    "a live ticket is in at most once, a void one never, overridden and undone entries apart",
    """
    SELECT 'ticket:' || code, status || ', in ' || count(*) || ' times without a reason'
    FROM changed_admission JOIN ticketing_checkin entry ON entry.ticket_id = changed_admission.id
    WHERE entry.undone_at IS NULL AND entry.override_reason = ''
    GROUP BY code, status HAVING count(*) > 1
    UNION ALL
    SELECT 'ticket:' || code, 'let in at ' || entry.recorded_at || ', cancelled at ' || cancelled_at
    FROM changed_admission JOIN ticketing_checkin entry ON entry.ticket_id = changed_admission.id
    WHERE entry.undone_at IS NULL AND status = 'cancelled' AND entry.recorded_at > cancelled_at
    UNION ALL
    SELECT 'ticket:' || code, status || ', with ' || count(entry.id) || ' entries'
    FROM changed_admission
    LEFT JOIN ticketing_checkin entry ON entry.ticket_id = changed_admission.id AND entry.undone_at IS NULL
    WHERE status <> 'cancelled'
    GROUP BY changed_admission.id, code, status
    HAVING (status = 'checked_in') <> (count(entry.id) > 0)
    """,
)
