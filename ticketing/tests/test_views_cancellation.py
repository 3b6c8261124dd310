"""The page that cancels an event: what it will cost, the name to type, and how far the refunds are."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization, User
from ticketing.models import Event, EventCancellation, Order, TicketType
from ticketing.services.cancellation_work import work_off_cancellations
from ticketing.tests.books import read_books
from ticketing.tests.factories import EventFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(organizer: User) -> Client:
    client = Client()
    client.force_login(organizer)
    return client


def path_of(event: Event) -> str:
    return f"/dashboard/events/{event.slug}/cancel/"


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_it_says_who_pays_what_and_then_does_that(
    client: Client,
    event: Event,
    general: TicketType,
    sell: Callable[..., Order],
    settle: Callable[[], None],
) -> None:
    Event.objects.update(fee_absorption="pass_to_buyer")
    order = sell((general, 2))
    page = words_of(client.get(path_of(event)))
    assert "2 tickets are cancelled." in page
    assert "From your Stripe balance $100.00" in page
    assert "Buyers get $109.16" in page
    assert "Cancel event and refund $109.16" in page
    answer = client.post(path_of(event), {"confirm": " night  MARKET", "reason": "Storm"}, follow=True)
    assert "0 of 1 orders done" in words_of(answer)
    assert "data-progress" in answer.content.decode()
    work_off_cancellations()
    settle()
    work_off_cancellations()
    page = words_of(client.get(path_of(event)))
    assert "1 of 1 orders done" in page
    assert "On its way to buyers $109.16" in page
    assert "“Storm”" in page
    assert "data-progress" not in client.get(path_of(event)).content.decode()
    assert read_books(Order.objects.get(pk=order.pk)).organizer == 0


@pytest.mark.parametrize("typed", ["", "Night", "night-market", "Night Market!"])
def test_another_name_cancels_nothing(client: Client, event: Event, typed: str) -> None:
    answer = client.post(path_of(event), {"confirm": typed, "reason": "A storm is coming"})
    assert "There is a problem" in words_of(answer)
    assert "A storm is coming" in answer.content.decode()
    assert Event.objects.get().status == "published"
    assert not EventCancellation.objects.exists()


def test_a_reason_too_long_to_read_is_refused(client: Client, event: Event) -> None:
    answer = client.post(path_of(event), {"confirm": event.title, "reason": "x" * 501})
    assert "at most 500" in words_of(answer)
    assert Event.objects.get().status == "published"


def test_cancelling_twice_shows_the_progress(client: Client, event: Event) -> None:
    for _time in range(2):
        answer = client.post(path_of(event), {"confirm": event.title}, follow=True)
        assert "There was no order, so there is nothing to give back." in words_of(answer)
    assert EventCancellation.objects.count() == 1


def test_what_was_cancelled_without_refunds_says_so(client: Client, organization: Organization) -> None:
    event = EventFactory(organization=organization, status=Event.Status.CANCELLED)
    assert "No refunds were started" in words_of(client.get(path_of(event)))


def test_it_works_while_stripe_does_not_answer(
    client: Client, event: Event, general: TicketType, sell: Callable[..., Order], sandbox: Any
) -> None:
    sell((general, 1))
    fault = {"path": "/v1/balance", "effect": "error_500", "times": 20}
    assert sandbox.control("POST", "/_sandbox/faults", fault)[0] == 200
    page = words_of(client.get(path_of(event)))
    assert "Buyers get $50.00" in page


def test_a_manager_may_not(manager: User, event: Event) -> None:
    client = Client()
    client.force_login(manager)
    assert client.get(path_of(event)).status_code == 403
    assert client.post(path_of(event), {"confirm": event.title}).status_code == 403
    assert Event.objects.get().status == "published"
