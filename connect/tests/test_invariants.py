"""The invariant of the inbox has planted faults that it alone catches, and patience with what is under way."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from connect.models import StripeEvent
from connect.services import inbox
from connect.tests.webhook_calls import PLATFORM, deliver, make_event
from ledger.services.verification import verify_ledger

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books("faults are planted")]
LONG_AGO = timezone.now() - timedelta(minutes=6)
FAULTS = {
    "I25": {
        "an event that nobody takes": {"due_at": LONG_AGO},
        "an event whose worker died": {"due_at": LONG_AGO, "lease_until": LONG_AGO},
        "a dead letter": {"status": "dead", "attempts": 12, "error": "KeyError: 'id'"},
    }
}


@pytest.fixture
def event(db):
    assert deliver(make_event("test.thing", account=None, id="evt_1"), path=PLATFORM).status_code == 200
    return StripeEvent.objects.get()


def found(**verify):
    return [(each.code, each.subject) for each in verify_ledger(**verify).violations]


@pytest.mark.parametrize("words", FAULTS["I25"])
def test_a_planted_fault_is_caught_by_the_invariant_alone(words, event):
    assert found() == []
    StripeEvent.objects.update(**FAULTS["I25"][words])
    assert found(is_full=False) == [("I25", "event:evt_1")]
    assert found() == [("I25", "event:evt_1")]


@pytest.mark.parametrize(
    "fields",
    [
        {"due_at": LONG_AGO, "lease_until": timezone.now() + timedelta(hours=4)},
        {"due_at": timezone.now() + timedelta(hours=4), "attempts": 5},
        {"due_at": LONG_AGO, "status": "ignored"},
    ],
)
def test_what_is_under_way_or_done_is_no_fault(fields, event):
    StripeEvent.objects.update(**fields)
    assert found() == []


def test_a_dead_letter_that_staff_acknowledged_is_no_fault_until_it_dies_again(event, staff):
    StripeEvent.objects.update(**FAULTS["I25"]["a dead letter"])
    events = StripeEvent.objects.all()
    assert inbox.acknowledge(events, actor=staff, reason="A test of Stripe's") == 1
    assert inbox.acknowledge(events, actor=staff, reason="Once more") == 0
    assert found() == []
    entry = AuditEntry.objects.get(action="stripe_event.acknowledged")
    assert (entry.actor, entry.reason, entry.subject) == (staff, "A test of Stripe's", "event:evt_1")
    assert inbox.replay(events, actor=staff, reason="After all") == 1
    StripeEvent.objects.update(**FAULTS["I25"]["a dead letter"])
    assert found() == [("I25", "event:evt_1")]


def test_only_dead_letters_are_acknowledged(event, staff):
    assert inbox.acknowledge(StripeEvent.objects.all(), actor=staff, reason="Why not") == 0
    assert StripeEvent.objects.get().acknowledged_at is None
