"""Events and ticket types by their services: what is checked, what may change when, what is audited."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from connect.errors import CurrencyNotSupported, PriceBelowMinimum
from connect.models import FeeTerms
from maly.errors import Invalid
from ticketing.errors import CapacityBelowSold, CurrencyFixed, EventCancelled, EventNotOnSale, EventNotReady
from ticketing.models import Event
from ticketing.services import events, ticket_types
from ticketing.services.cancellations import cancel_event
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def fields():
    return {
        "title": "Candlelight Concert",
        "starts_at": datetime(2030, 7, 1, 19, 30),  # noqa: DTZ001  in the event's own zone
        "ends_at": datetime(2030, 7, 1, 22, 0),  # noqa: DTZ001
        "timezone": "Europe/London",
    }


@pytest.fixture
def draft(organization, organizer, fields):
    return events.create_event(organization, actor=organizer, **fields)


def test_an_event_begins_as_a_draft_in_its_own_zone(draft, organizer):
    assert (draft.status, draft.slug, draft.created_by) == ("draft", "candlelight-concert", organizer)
    assert draft.starts_at.astimezone(ZoneInfo("UTC")).hour == 18


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Été à Nîmes!", "ete-a-nimes"), ("祭り", "event"), ("x" * 120, "x" * 60), ("- - a", "a")],
)
def test_the_address_comes_from_the_title(title, slug, organization, fields):
    assert events.create_event(organization, actor=None, **fields | {"title": title}).slug == slug


def test_many_events_of_one_title_each_get_an_address(organization, fields):
    slugs = {events.create_event(organization, actor=None, **fields).slug for _ in range(11)}
    assert len(slugs) == 11
    assert "candlelight-concert-9" in slugs


def test_a_currency_without_terms_is_refused(organization, fields):
    FeeTerms.objects.filter(currency="eur").delete()
    with pytest.raises(CurrencyNotSupported):
        events.create_event(organization, actor=None, **fields | {"currency": "eur"})


def test_a_draft_needs_a_ticket_type_to_be_published(draft, organizer):
    with pytest.raises(EventNotReady):
        events.publish_event(draft, actor=organizer)
    ticket_types.create_ticket_type(draft, actor=organizer, name="All", price_amount=2500, capacity=10)
    for _ in range(2):
        assert events.publish_event(draft, actor=organizer).status == "published"
    assert AuditEntry.objects.filter(action="event.published").count() == 1


def test_an_event_that_is_over_isnt_published(draft, organizer):
    TicketTypeFactory(event=draft)
    Event.objects.update(
        starts_at=timezone.now() - timedelta(days=2), ends_at=timezone.now() - timedelta(days=1)
    )
    with pytest.raises(EventNotReady):
        events.publish_event(draft, actor=organizer)


def test_pausing_and_going_on(event, general, organizer):
    for _ in range(2):
        assert events.pause_event(event, actor=organizer).status == "paused"
    assert events.publish_event(event, actor=organizer).status == "published"


def test_a_draft_cant_be_paused(draft, organizer):
    with pytest.raises(EventNotOnSale):
        events.pause_event(draft, actor=organizer)


def test_a_cancelled_event_stays_so(event, general, organizer):
    for _ in range(2):
        assert cancel_event(event, actor=organizer).cancelled_at is not None
    with pytest.raises(EventCancelled):
        events.publish_event(event, actor=organizer)
    with pytest.raises(EventCancelled):
        events.update_event(event, actor=organizer, title="Again")
    with pytest.raises(EventCancelled):
        ticket_types.create_ticket_type(event, actor=organizer, name="x", price_amount=0, capacity=1)
    with pytest.raises(EventCancelled):
        ticket_types.update_ticket_type(general, actor=organizer, capacity=5)
    assert AuditEntry.objects.filter(action="event.cancelled").count() == 1


def test_the_currency_is_fixed_once_there_are_ticket_types(event, general, organizer):
    with pytest.raises(CurrencyFixed):
        events.update_event(event, actor=organizer, currency="eur")


def test_changing_who_bears_the_fees_checks_every_price_and_is_audited(event, organizer):
    cheap = ticket_types.create_ticket_type(
        event, actor=organizer, name="Cheap", price_amount=300, capacity=5
    )
    event = events.update_event(event, actor=organizer, fee_absorption="pass_to_buyer")
    ticket_types.update_ticket_type(cheap, actor=organizer, price_amount=50)
    with pytest.raises(PriceBelowMinimum):
        events.update_event(event, actor=organizer, fee_absorption="absorb")
    event.refresh_from_db()
    assert event.fee_absorption == "pass_to_buyer"
    (entry,) = AuditEntry.objects.filter(action="event.fee_absorption_changed")
    assert (entry.actor, entry.after) == (organizer, {"fee_absorption": "pass_to_buyer"})


def test_capacities_never_fall_below_what_is_sold_or_held(event, general, organizer, buy):
    buy((general, 4))
    with pytest.raises(CapacityBelowSold):
        ticket_types.update_ticket_type(general, actor=organizer, capacity=3)
    with pytest.raises(CapacityBelowSold):
        events.update_event(event, actor=organizer, capacity=3)
    assert ticket_types.update_ticket_type(general, actor=organizer, capacity=4).capacity == 4
    assert events.update_event(event, actor=organizer, capacity=4).capacity == 4


def test_a_new_price_is_audited_with_the_old_one(general, organizer):
    ticket_types.update_ticket_type(general, actor=organizer, price_amount=6000)
    (entry,) = AuditEntry.objects.filter(action="ticket_type.changed")
    assert (entry.before["price_amount"], entry.after["price_amount"]) == (5000, 6000)
    ticket_types.update_ticket_type(general, actor=organizer, name="Other")
    assert AuditEntry.objects.filter(action="ticket_type.changed").count() == 1


def test_a_sale_window_without_a_zone_is_in_the_events_own(draft, organizer):
    ticket_type = ticket_types.create_ticket_type(
        draft,
        actor=organizer,
        name="Early",
        price_amount=0,
        capacity=5,
        sales_end=datetime(2030, 6, 1, 12, 0),  # noqa: DTZ001
    )
    assert ticket_type.sales_end.utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize("price_amount", [1, 49, 100])
def test_a_price_that_doesnt_cover_its_fees_is_refused(price_amount, event, organizer):
    with pytest.raises(PriceBelowMinimum):
        ticket_types.create_ticket_type(
            event, actor=organizer, name="x", price_amount=price_amount, capacity=1
        )


def test_a_three_decimal_price_ends_in_zero(organization, organizer, fields):
    event = events.create_event(organization, actor=organizer, **fields | {"currency": "kwd"})
    with pytest.raises(Invalid):
        ticket_types.create_ticket_type(event, actor=organizer, name="x", price_amount=10_005, capacity=1)
    assert ticket_types.create_ticket_type(
        event, actor=organizer, name="x", price_amount=10_000, capacity=1
    ).pk
