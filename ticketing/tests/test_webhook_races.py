"""The same webhook fifty times at once, and several workers at them: one order, one set of tickets, one mail."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from conftest import post_webhook
from connect.models import StripeEvent
from connect.tasks import process_due_events
from notifications.models import Message
from notifications.tasks import send_due_messages
from ticketing.models import Order, Ticket
from ticketing.tests.test_stock_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def caught(sandbox: Any) -> list[tuple[str, bytes, dict[str, str]]]:
    """What Stripe sends, kept instead of delivered."""
    sent: list[tuple[str, bytes, dict[str, str]]] = []

    def keep(url: str, body: bytes, headers: dict[str, str]) -> int:
        sent.append((url, body, headers))
        return 200

    sandbox.transport = keep
    return sent


def test_fifty_deliveries_at_once_are_one_purchase(
    caught: list[Any], general: Any, buy: Callable[..., Any], pay: Callable[..., Any], sandbox: Any
) -> None:
    start = buy((general, 2))
    pay(start.payment.session_id)
    while sandbox.pump():
        pass
    completed = next(each for each in caught if b'"checkout.session.completed"' in each[1])
    answers = at_once(50, lambda _: post_webhook(*completed))
    assert Counter(answers) == {200: 50}
    assert StripeEvent.objects.filter(type="checkout.session.completed").count() == 1
    at_once(6, lambda _: process_due_events())
    at_once(4, lambda _: send_due_messages())
    assert Order.objects.get().status == "paid"
    assert (Ticket.objects.count(), Message.objects.count(), len(mail.outbox)) == (2, 2, 2)
    general.refresh_from_db()
    assert (general.held, general.sold) == (0, 2)
