"""Stripe's events of a purchase: in every order, as often as they like, and when they come for nothing of ours."""

from itertools import permutations

import pytest
from django.db import transaction

from accounts.models import AuditEntry
from connect.errors import Ignored, NotYetKnown
from connect.models import StripeEvent
from connect.registry import find_handler
from connect.services import inbox
from notifications.models import Message
from ticketing.models import Order, Payment, Ticket

pytestmark = pytest.mark.django_db
HANDLED = ["payment_intent.payment_failed", "checkout.session.completed", "charge.updated"]


def handle(event):
    """Run the event's handler; False when it must be tried again later."""
    try:
        find_handler(event)(event)
    except Ignored:
        return True
    except NotYetKnown:
        return False
    return True


@pytest.fixture
def events(general, buy, pay, sandbox):
    """The stored, unprocessed events of one purchase: a declined card, then one that pays."""
    start = buy((general, 2))
    pay(start.payment.session_id, card="4000000000000002")
    pay(start.payment.session_id)
    while sandbox.pump():
        pass
    stored = {event.type: event for event in StripeEvent.objects.filter(endpoint="platform")}
    return [stored[name] for name in HANDLED]


def end_state():
    """What must be the same whatever came first."""
    order, payment = Order.objects.get(), Payment.objects.get()
    return {
        "order": (order.status, order.problem),
        "payment": (
            payment.status,
            payment.failure_code,
            bool(payment.transfer_id),
            payment.stripe_fee_amount,
        ),
        "tickets": Ticket.objects.count(),
        "mails": Message.objects.count(),
        "paid": AuditEntry.objects.filter(action="order.paid").count(),
        "stock": list(order.event.ticket_types.values_list("held", "sold")),
    }


GOOD = {
    "order": ("paid", ""),
    "payment": ("succeeded", "", True, 320),
    "tickets": 2,
    "mails": 2,
    "paid": 1,
    "stock": [(0, 2)],
}


def test_every_order_of_the_events_each_of_them_twice_ends_the_same(events):
    orders = list(permutations(events))
    for sequence in (first + again for first in orders for again in (first, first[::-1])):
        mark = transaction.savepoint()
        later = [event for event in sequence if not handle(event)]
        assert all(handle(event) for event in later)
        assert end_state() == GOOD, [event.type for event in sequence]
        transaction.savepoint_rollback(mark)


def test_the_inbox_brings_them_to_the_same_end(events):
    for event in reversed(events):
        inbox.process_event(event.pk)
    StripeEvent.objects.filter(status="received").update(due_at="2020-01-01T00:00Z", lease_until=None)
    inbox.process_due()
    assert end_state() == GOOD
    assert set(StripeEvent.objects.filter(type__in=HANDLED).values_list("status", flat=True)) <= {
        "processed",
        "ignored",
    }


def test_a_session_of_ours_whose_answer_never_came_is_found_by_its_order(events):
    """Killed between Stripe's answer and our commit, and paid all the same."""
    Payment.objects.update(session_id=None, status="requested")
    assert handle(next(event for event in events if event.type == "checkout.session.completed"))
    assert Order.objects.get().status == "paid"


def test_an_expired_session_after_the_payment_changes_nothing(events):
    completed = events[1]
    handle(completed)
    completed.type = "checkout.session.expired"
    handle(completed)
    assert Order.objects.get().status == "paid"


@pytest.mark.parametrize(
    "kind", ["checkout.session.completed", "payment_intent.payment_failed", "charge.updated"]
)
@pytest.mark.unsettled("the payment is deleted, so that its event is about nothing of ours")
def test_an_event_about_nothing_of_ours_is_ignored_with_a_reason(kind, events):
    event = next(each for each in events if each.type == kind)
    Ticket.objects.all().delete()
    Payment.objects.all().delete()
    with pytest.raises(Ignored):
        find_handler(event)(event)


def test_a_subscription_session_isnt_asked_about(events, sandbox):
    event = events[1]
    event.payload["data"]["object"]["mode"] = "subscription"
    with pytest.raises(Ignored):
        find_handler(event)(event)
