"""A published event is moved: each buyer with tickets is told, once for each change."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory
from notifications.models import MailboxMail, MailChoice, Message
from notifications.tasks import send_due_messages
from ticketing.models import Event, Order, TicketType
from ticketing.services.events import pause_event, update_event
from ticketing.services.sales_news import tell_of_the_day
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders(event: Event, buy: Callable[..., Any], general: TicketType, organizer: User) -> list[Order]:
    """Two free orders and one that was never paid."""
    free = TicketTypeFactory(event=event, price_amount=0)
    buy((general, 1), email="unpaid@example.com")
    return [buy((free, 2), email=email).order for email in ("ada@example.com", "bob@example.com")]


def told() -> list[str]:
    return sorted(Message.objects.filter(kind="event_changed").values_list("to", flat=True))


def test_each_buyer_is_told_once_for_each_change_of_time_or_place(
    event: Event, orders: list[Order], organizer: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "notifications.mailbox.MailboxBackend"
    client = Client()
    client.force_login(organizer)
    edit_page = client.get("/dashboard/events/night-market/edit/").content.decode()
    assert "2 buyers have tickets and are told by email" in edit_page
    later = event.starts_at + timedelta(days=1)
    moved = {"starts_at": later, "ends_at": later + timedelta(hours=3), "venue_name": "The New Ropeworks"}
    for _again in range(2):
        update_event(event, actor=organizer, **moved)
    assert told() == ["ada@example.com", "bob@example.com"]
    send_due_messages()
    mail = MailboxMail.objects.filter(kind="event_changed", to=["ada@example.com"]).get()
    assert "Night Market has changed" in mail.subject
    for fact in ("The New Ropeworks", "The Old Ropeworks", orders[0].code, f"/o/{orders[0].code}/"):
        assert fact in mail.text
        assert fact in mail.html
    assert [one["type"] for one in mail.attachments] == ["text/calendar"]
    pause_event(event, actor=organizer)
    update_event(event, actor=organizer, address="14 Quay St")
    assert told() == ["ada@example.com"] * 2 + ["bob@example.com"] * 2


@pytest.mark.parametrize(
    "change", [{"title": "Another name"}, {"description": "Bring a hat."}, {"capacity": 500}, {}]
)
def test_other_changes_are_no_reason_to_write_to_everybody(
    event: Event, orders: list[Order], organizer: User, change: dict[str, Any]
) -> None:
    update_event(event, actor=organizer, **change)
    assert told() == []


def test_what_was_over_and_a_draft_are_nobodys_news(
    event: Event, orders: list[Order], organizer: User
) -> None:
    Event.objects.update(status=Event.Status.DRAFT)
    update_event(event, actor=organizer, venue_name="Elsewhere")
    Event.objects.update(
        status=Event.Status.PUBLISHED,
        starts_at=event.starts_at - timedelta(days=40),
        ends_at=event.ends_at - timedelta(days=40),
    )
    update_event(event, actor=organizer, venue_name="Somewhere else")
    assert told() == []


def test_yesterdays_sales_come_as_one_mail_to_whoever_wants_that(
    connected_organization: Organization, orders: list[Order], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "notifications.mailbox.MailboxBackend"
    daily = MembershipFactory(
        organization=connected_organization, role=Role.MANAGER, user__email="daily@arts.example"
    )
    idle = MembershipFactory(role=Role.OWNER, user__email="idle@example.com")  # sold nothing
    for membership in (daily, idle):
        MailChoice.objects.create(membership=membership, sales="daily")
    tomorrow = orders[0].completed_at + timedelta(days=1)
    for _again in range(3):
        tell_of_the_day(now=tomorrow)
    send_due_messages()
    mail = MailboxMail.objects.get(kind="sales_digest")
    assert (mail.to, mail.subject[:20]) == (["daily@arts.example"], "You sold 4 tickets o")
    assert "Night Market: 4 tickets, revenue $0.00" in mail.text
    assert "/unsubscribe/" in mail.text
    tell_of_the_day(now=tomorrow + timedelta(days=5))
    assert Message.objects.filter(kind="sales_digest").count() == 1
