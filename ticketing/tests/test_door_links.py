"""Door links: made for one event, shown once, and over when they are over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from maly.errors import Invalid, NotFound
from ticketing.models import DoorLink
from ticketing.services.door_links import create_door_link, find_door_link, revoke_door_link
from ticketing.tests.factories import EventFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organization):
    return EventFactory(organization=organization)


def test_a_link_is_kept_as_a_hash_and_ends_six_hours_after_the_event(event, organizer):
    link, token = create_door_link(event, actor=organizer, name=" Door 2 ")
    assert (link.name, link.expires_at) == ("Door 2", event.ends_at + timedelta(hours=6))
    assert len(token) == 40
    assert token not in str(DoorLink.objects.values().get())
    assert find_door_link(token) == link
    assert link.is_open
    assert AuditEntry.objects.get().after["door"] == "Door 2"


def test_a_link_may_end_sooner_or_a_week_after_the_event_at_the_latest(event, organizer):
    soon = timezone.now() + timedelta(hours=1)
    assert create_door_link(event, actor=organizer, name="A", expires_at=soon)[0].expires_at == soon
    for wrong in (timezone.now(), event.ends_at + timedelta(days=7, hours=1)):
        with pytest.raises(Invalid) as refused:
            create_door_link(event, actor=organizer, name="A", expires_at=wrong)
        assert refused.value.attr == "expires_at"
    assert DoorLink.objects.count() == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b", "a\nb"])
def test_a_door_has_a_name_that_can_be_read(event, organizer, name):
    with pytest.raises(Invalid):
        create_door_link(event, actor=organizer, name=name)


def test_a_revoked_link_is_over_at_once_and_may_be_revoked_twice(event, organizer):
    link, token = create_door_link(event, actor=organizer, name="Door 2")
    for _ in range(2):
        revoke_door_link(event, actor=organizer, public_id=link.public_id)
    found = find_door_link(token)
    assert found is not None
    assert not found.is_open
    assert AuditEntry.objects.filter(action="door_link.revoked").count() == 1


def test_another_events_link_is_not_found(event, organizer):
    link, _token = create_door_link(event, actor=organizer, name="Door 2")
    other = EventFactory(organization=event.organization)
    with pytest.raises(NotFound):
        revoke_door_link(other, actor=organizer, public_id=link.public_id)
    assert find_door_link("nonsense") is None
