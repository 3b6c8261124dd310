"""Duplicates: the same words and tickets, ahead in time, and nothing of what was sold."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import now

from accounts.models import User
from ticketing.models import Event
from ticketing.services.event_copies import duplicate_event
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db


def test_a_copy_is_a_draft_with_everything_but_what_was_sold(organizer: User) -> None:
    event = EventFactory(
        title="Night Market",
        description="**Come hungry.**",
        fee_absorption="pass_to_buyer",
        capacity=50,
        sold=3,
        cover="covers/one.jpg",
        cover_alt="Lanterns",
    )
    TicketTypeFactory(event=event, name="Late", position=1, stopped_at=now(), is_hidden=True, capacity=7)
    TicketTypeFactory(event=event, name="Early", position=0, sold=3, held=1, max_per_order=4)
    copy = Event.objects.get(pk=duplicate_event(event, actor=organizer).pk)
    assert (copy.status, copy.sold, copy.held, copy.published_at) == ("draft", 0, 0, None)
    assert (copy.title, copy.created_by) == ("Night Market (copy)", organizer)
    for name in ("description", "fee_absorption", "capacity", "cover", "cover_alt", "venue_name", "currency"):
        assert getattr(copy, name) == getattr(event, name)
    early, late = copy.ticket_types.all()
    assert (early.name, early.sold, early.held, early.max_per_order) == ("Early", 0, 0, 4)
    assert (late.name, late.stopped_at, late.is_hidden, late.capacity) == ("Late", None, True, 7)
    assert early.public_id != event.ticket_types.first().public_id


def test_a_copy_is_a_week_later_at_the_same_hour(organizer: User) -> None:
    zone = ZoneInfo("Europe/London")
    # A week later the clocks have gone back.
    starts_at = datetime(2030, 10, 24, 19, 30, tzinfo=zone)
    event = EventFactory(starts_at=starts_at, timezone="Europe/London")
    TicketTypeFactory(event=event, sales_end=datetime(2030, 10, 24, 12, tzinfo=zone))
    copy = duplicate_event(event, actor=organizer)
    assert copy.starts_at == datetime(2030, 10, 31, 19, 30, tzinfo=zone)
    assert copy.starts_at.astimezone(UTC) - starts_at.astimezone(UTC) == timedelta(days=7, hours=1)
    assert copy.ticket_types.get().sales_end == datetime(2030, 10, 31, 12, tzinfo=zone)


def test_the_copy_of_what_is_over_lies_ahead_on_the_same_weekday(organizer: User) -> None:
    event = EventFactory(starts_at=now() - timedelta(days=100), timezone="UTC")
    copy = duplicate_event(event, actor=organizer)
    assert now() < copy.starts_at <= now() + timedelta(days=7)
    assert copy.starts_at.weekday() == event.starts_at.weekday()
    assert copy.ends_at - copy.starts_at == event.ends_at - event.starts_at


def test_copies_of_copies_keep_a_title_that_fits(organizer: User) -> None:
    event = EventFactory(title="x" * 120)
    copy = duplicate_event(duplicate_event(event, actor=organizer), actor=organizer)
    assert len(copy.title) <= 120
    assert copy.title.endswith("(copy)")
    assert Event.objects.values("slug").distinct().count() == 3
