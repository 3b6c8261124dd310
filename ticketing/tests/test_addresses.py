"""An event's web address after the first sale: Premium's to change, and no link that anybody has goes dead."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Entitlement, User
from accounts.premium import PREMIUM
from maly.errors import Invalid
from ticketing.errors import AddressTaken
from ticketing.models import Event, FormerAddress
from ticketing.services import addresses
from ticketing.services.events import create_event
from ticketing.tests.factories import EventFactory, TicketTypeFactory
from ticketing.tests.test_event_edits import WHEN, edit

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(organizer: User, event: Event, buy: Callable[..., Any]) -> Event:
    """An event that somebody has a ticket of; its organizer has Premium."""
    Entitlement.objects.create(user=organizer, kind=PREMIUM, until=now() + timedelta(days=30))
    buy((TicketTypeFactory(event=event, price_amount=0), 1))
    return Event.objects.get(pk=event.pk)


def test_every_old_address_leads_to_the_new_one(sold: Event, organizer: User, client: Client) -> None:
    for slug in ("spring-market", "market"):
        edit(Event.objects.get(), organizer, slug=slug)
    for old in ("night-market", "spring-market"):
        answer = client.get(f"/e/{old}/?ticket=vip")
        assert (answer.status_code, answer["Location"]) == (301, "/e/market/?ticket=vip")
        assert answer["Cache-Control"] == "no-cache"  # it may go back there
        assert client.get(f"/api/events/{old}").json()["slug"] == "market"
        assert client.get(f"/e/{old}/event.ics").status_code == 200
    client.force_login(organizer)
    assert client.get("/dashboard/events/night-market/check-in/").status_code == 200
    assert client.get("/e/night-market/")["Location"] == "/e/market/"
    assert client.get("/e/nothing/").status_code == 404


def test_nobody_else_takes_an_address_that_still_leads_somewhere(sold: Event, organizer: User) -> None:
    edit(sold, organizer, slug="spring-market")
    other = EventFactory(organization=sold.organization, slug="other", published_at=None, status="draft")
    with pytest.raises(AddressTaken):
        edit(Event.objects.get(pk=other.pk), organizer, slug="night-market")
    made = create_event(sold.organization, actor=organizer, title="Night Market", **WHEN)
    assert made.slug == "night-market-2"
    edit(Event.objects.get(pk=other.pk), organizer, slug="never-seen")
    assert not FormerAddress.objects.filter(event=other).exists()  # nobody has a draft's link
    back = edit(Event.objects.get(pk=sold.pk), organizer, slug="night-market")
    assert list(back.former_addresses.values_list("slug", flat=True)) == ["spring-market"]


def test_an_address_is_neither_the_sites_own_nor_one_of_endlessly_many(
    sold: Event, organizer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Invalid, match="kept for pages of the site"):
        edit(sold, organizer, slug="support")
    monkeypatch.setattr(addresses, "MOST_FORMER", 1)
    edit(sold, organizer, slug="one")
    with pytest.raises(Invalid, match="1 addresses already"):
        edit(Event.objects.get(), organizer, slug="two")
    assert edit(Event.objects.get(), organizer, slug="night-market").slug == "night-market"


def test_the_editor_offers_the_address_to_whoever_may_change_it(
    sold: Event, organizer: User, client: Client
) -> None:
    client.force_login(organizer)
    editor = "/dashboard/events/night-market/edit/"
    assert "the old one leads to the new one" in client.get(editor).content.decode()
    Entitlement.objects.all().delete()
    page = client.get(editor).content.decode()
    assert 'With <a href="/premium/">Premium</a> it can.' in page
