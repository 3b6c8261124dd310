"""I24 has planted faults that it alone catches."""

import pytest

from ledger.services.verification import verify_ledger
from ticketing.access import Gatekeeper
from ticketing.models import Ticket
from ticketing.services.check_ins import check_in, undo_check_in
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.planting import plant

pytestmark = pytest.mark.django_db
A_TICKET = "(SELECT min(id) FROM ticketing_ticket)"
AGAIN = (
    "INSERT INTO ticketing_checkin (public_id, ticket_id, event_id, user_id, gate, device_id, nonce, scanned_at,"
    " recorded_at, override_reason) SELECT 'again', ticket_id, event_id, user_id, gate, '', '', now(), now(), {reason}"
    f" FROM ticketing_checkin WHERE ticket_id = {A_TICKET} AND undone_at IS NULL"
)
VOID = (
    "UPDATE ticketing_ticket SET status = 'cancelled', cancelled_at = now() - interval '1 minute'"
    f" WHERE id = {A_TICKET}; UPDATE ticketing_tickettype SET sold = sold - 1 WHERE sold > 0;"
    " UPDATE ticketing_event SET sold = sold - 1 WHERE sold > 0"
)
FAULTS = {
    "I24": {
        "a ticket that lets two in": "DROP INDEX check_in_of_ticket_once; " + AGAIN.format(reason="''"),
        "a void ticket that was let in": VOID,
        "a void ticket that was let in with a reason": f"{AGAIN.format(reason=chr(39) + 'x' + chr(39))}; {VOID};"
        f" UPDATE ticketing_checkin SET recorded_at = now() - interval '1 hour' WHERE override_reason = ''",
        "a ticket that forgot that it is in": f"UPDATE ticketing_ticket SET status = 'valid' WHERE id = {A_TICKET}",
        "a ticket that is in by nobody": "UPDATE ticketing_ticket SET status = 'checked_in'"
        " WHERE id = (SELECT max(id) FROM ticketing_ticket)",
    },
}


@pytest.fixture
def world(event, buy, scanner):
    """Of four tickets one is in, one was let in again, one taken back, and one hasn't come."""
    free = TicketTypeFactory(event=event, price_amount=0)
    first, second, third, _fourth = buy((free, 4)).order.tickets.all()
    keeper = Gatekeeper(user=scanner)
    for ticket in (first, second):
        check_in(event, keeper=keeper, text=ticket.code)
    check_in(event, keeper=keeper, text=second.code, override_reason="Was out")
    taken = check_in(event, keeper=keeper, text=third.code).entry
    assert taken
    undo_check_in(event, keeper=keeper, public_id=taken.public_id)


def test_overridden_and_undone_entries_are_no_fault(world):
    assert verify_ledger().violations == []
    assert verify_ledger(is_full=False).violations == []


def test_a_ticket_that_is_cancelled_after_its_holder_came_in_is_no_fault(world):
    void = VOID.replace("now() - interval '1 minute'", "now() + interval '1 minute'")
    plant(void)
    assert Ticket.objects.filter(status="cancelled").count() == 1
    assert verify_ledger().violations == []


@pytest.mark.parametrize("words", FAULTS["I24"])
@pytest.mark.broken_books("faults are planted")
def test_a_planted_fault_is_caught_by_its_own_invariant_alone(world, words):
    verify_ledger()
    plant(FAULTS["I24"][words])
    for is_full in (False, True):
        found = verify_ledger(is_full=is_full).violations
        assert {violation.code for violation in found} == {"I24"}
        assert all(violation.subject and violation.detail for violation in found)
