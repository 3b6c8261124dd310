"""Refunds that had changed again by the time we heard of them."""

import pytest

from connect.errors import NotYetKnown
from connect.models import StripeEvent
from connect.registry import find_handler
from ticketing.models import Refund
from ticketing.services.refund_failures import make_organizer_whole
from ticketing.tests.books import Books, read_books

AVAILABLE_AT_ONCE = "4000000000000077"
pytestmark = pytest.mark.django_db


def test_a_refund_of_stripes_dashboard_that_failed_before_we_heard_of_it_leaves_what_it_took_in_the_books(
    general, buy, pay, settle, sandbox, staff
):
    start = buy((general, 1))
    pay(start.payment.session_id, AVAILABLE_AT_ONCE)
    settle()
    order = start.order
    charge = order.payments.get().charge_id
    flags = {"reverse_transfer": True, "refund_application_fee": True}
    _, made = sandbox.control("POST", f"/_sandbox/charges/{charge}/refund", flags)
    sandbox.control("POST", f"/_sandbox/refunds/{made['id']}", {"status": "failed"})
    settle()
    order.refresh_from_db()
    refund = Refund.objects.get()
    assert (order.status, order.refunded_amount) == ("paid", 0)
    assert order.tickets.get().status == "valid"
    assert (refund.status, refund.needs_staff) == ("failed", True)
    make_organizer_whole(refund, actor=staff)
    assert read_books(order) == Books(4550, 450 - 175)


def test_a_refund_that_we_hear_of_before_its_payment_waits_for_it(general, buy, pay, settle, sandbox):
    start = buy((general, 1))
    pay(start.payment.session_id, AVAILABLE_AT_ONCE)
    (charge,) = sandbox.world.state.values("charge")
    sandbox.control("POST", f"/_sandbox/charges/{charge['id']}/refund", {"amount": 1000})
    while sandbox.pump():
        pass
    told = StripeEvent.objects.get(type="charge.refunded")
    with pytest.raises(NotYetKnown):
        find_handler(told)(told)
    settle()
    assert Refund.objects.get().amount == 1000
