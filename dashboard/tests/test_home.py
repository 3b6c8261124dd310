"""The organizer's first page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ticketing.models import Event, TicketType

pytestmark = pytest.mark.django_db


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def event(organization) -> Event:
    starts_at = timezone.now() + timedelta(days=5)
    event = Event.objects.create(
        organization=organization,
        slug="candlelight",
        title="Candlelight",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        timezone="Europe/London",
        status=Event.Status.PUBLISHED,
    )
    TicketType.objects.create(event=event, name="Adult", price_amount=5000, capacity=40, sold=3)
    return event


def test_it_shows_the_next_events_and_how_stripe_stands(organizer, event):
    page = browser(organizer).get("/dashboard/").content.decode()
    assert "Candlelight" in page
    assert "3 of 40" in page
    assert "Not connected" in page


def test_a_scanner_sees_events_but_nothing_about_payments(scanner, event):
    page = browser(scanner).get("/dashboard/").content.decode()
    assert "Candlelight" in page
    assert "Payment settings" not in page


def test_a_stranger_sees_nothing_of_it(stranger, event):
    assert "Candlelight" not in browser(stranger).get("/dashboard/").content.decode()


def test_somebody_without_an_organization_is_shown_how_to_begin(buyer):
    assert "Sell under my own name" in browser(buyer).get("/dashboard/").content.decode()


def test_visitors_sign_in_first_and_only_get_is_taken(db, organizer):
    assert Client().get("/dashboard/").status_code == 302
    assert browser(organizer).post("/dashboard/").status_code == 405
