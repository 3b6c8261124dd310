"""Saving what an organizer's page says: all of it or nothing, and never over somebody else's change."""

import threading
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections, transaction

from accounts.models import AuditEntry, Organization, User
from connect.errors import PriceBelowMinimum
from maly.errors import Invalid
from ticketing.errors import AddressFixed, EventChanged
from ticketing.models import Event, TicketType
from ticketing.services.event_edits import edit_event, make_event
from ticketing.services.versions import version_of_event as version_of
from ticketing.tests.factories import EventFactory, TicketTypeFactory
from ticketing.tests.test_content import picture

pytestmark = pytest.mark.django_db
WHEN = {
    "starts_at": datetime.fromisoformat("2030-12-12T19:30"),
    "ends_at": datetime.fromisoformat("2030-12-12T23:00"),
    "timezone": "Europe/London",
}


@pytest.fixture
def draft(organization: Organization) -> Event:
    event = EventFactory(organization=organization, slug="night-market", status=Event.Status.DRAFT)
    return Event.objects.get(pk=event.pk)


def edit(event: Event, actor: User, **changes: Any) -> Event:
    """Save the event as its page showed it, but for these changes."""
    given = {"version": version_of(event), "slug": event.slug, **changes}
    return edit_event(event, actor=actor, **given)


def test_a_new_event_is_a_draft_with_its_cover(organization: Organization, organizer: User) -> None:
    upload = picture()
    event = make_event(organization, actor=organizer, cover=upload, title="Night Market", **WHEN)
    assert event.status == "draft"
    assert event.cover.name.startswith("covers/")
    assert event.cover.name.endswith(".jpg")


def test_what_is_no_image_leaves_no_event_behind(organization: Organization, organizer: User) -> None:
    upload = SimpleUploadedFile("cover.jpg", b"<svg onload=alert(1)>", "image/jpeg")
    with pytest.raises(Invalid) as error:
        make_event(organization, actor=organizer, cover=upload, title="Night Market", **WHEN)
    assert error.value.attr == "cover"
    assert not Event.objects.exists()


def test_fields_address_and_cover_are_saved_at_once(draft: Event, organizer: User) -> None:
    upload = picture(kind="PNG")
    edit(draft, organizer, slug="spring-market", cover=upload, title="Spring Market")
    event = Event.objects.get()
    assert (event.title, event.slug) == ("Spring Market", "spring-market")
    assert event.cover
    edit(event, organizer, no_cover=True)
    assert not Event.objects.get().cover


def test_a_refused_part_keeps_all_the_others_from_being_saved(draft: Event, organizer: User) -> None:
    EventFactory(slug="taken")
    with pytest.raises(Invalid) as error:
        edit(draft, organizer, slug="taken", title="Another")
    assert error.value.attr == "slug"
    assert Event.objects.get(pk=draft.pk).title == draft.title


def test_the_version_follows_what_is_said_and_not_what_is_sold(draft: Event) -> None:
    before = version_of(draft)
    Event.objects.update(sold=3, held=1, status="published")
    assert version_of(Event.objects.get()) == before
    Event.objects.update(venue_name="Elsewhere")
    assert version_of(Event.objects.get()) != before


def test_the_second_of_two_who_edit_is_told_and_overwrites_nothing(draft: Event, organizer: User) -> None:
    edit(draft, organizer, title="Hers")
    with pytest.raises(EventChanged):
        edit(draft, organizer, title="His")
    assert Event.objects.get().title == "Hers"


def wait_for_a_blocked_backend() -> None:
    """Return as soon as somebody waits for a lock of ours."""
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    with connection.cursor() as cursor:
        for _look in range(10_000):
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
    raise AssertionError("Nobody waits.")


@pytest.mark.django_db(transaction=True)
def test_who_saves_while_somebody_else_is_saving_waits_and_is_told(draft: Event, organizer: User) -> None:
    outcomes = []

    def save() -> None:
        try:
            outcomes.append(edit(draft, organizer, title="His").title)
        except EventChanged:
            outcomes.append("told")
        finally:
            connections.close_all()

    other = threading.Thread(target=save)
    with transaction.atomic():
        edit(draft, organizer, title="Hers")
        other.start()
        wait_for_a_blocked_backend()
    other.join()
    assert outcomes == ["told"]
    assert Event.objects.get().title == "Hers"


@pytest.mark.parametrize("slug", ["new", "Ünï", "a b", "-a", "a--b", "a/b", "", "a" * 81, "../x"])
def test_an_address_is_lower_case_words_with_hyphens(slug: str, draft: Event, organizer: User) -> None:
    with pytest.raises(Invalid) as error:
        edit(draft, organizer, slug=slug)
    assert error.value.attr == "slug"


def test_a_changed_address_is_in_the_audit_log(draft: Event, organizer: User) -> None:
    edit(draft, organizer, slug="Spring-Market ")
    entry = AuditEntry.objects.get(action="event.address_changed")
    assert (entry.before, entry.after) == ({"slug": "night-market"}, {"slug": "spring-market"})


def test_the_address_stays_once_a_ticket_was_sold(
    event: Event, general: TicketType, sell: Any, organizer: User
) -> None:
    sell((general, 1))
    event = Event.objects.get()
    with pytest.raises(AddressFixed):
        edit(event, organizer, slug="elsewhere")
    assert edit(event, organizer, title="Still mine to name").title == "Still mine to name"


def test_fees_that_a_ticket_would_not_cover_are_refused(draft: Event, organizer: User) -> None:
    TicketTypeFactory(event=draft, price_amount=50)
    Event.objects.update(fee_absorption="pass_to_buyer")
    event = Event.objects.get()
    with pytest.raises(PriceBelowMinimum):
        edit(event, organizer, fee_absorption="absorb")


def test_no_event_takes_the_word_of_a_page_for_its_address(
    organization: Organization, organizer: User
) -> None:
    assert make_event(organization, actor=organizer, title="New", **WHEN).slug == "new-event"
