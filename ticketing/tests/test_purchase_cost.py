"""What a purchase costs in statements: from the API's call to the tickets with their queued mails, and each mail."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.models import Message
from notifications.tasks import send_due_messages
from ticketing.models import Order
from ticketing.services import fulfillment

pytestmark = pytest.mark.django_db
MOST, MOST_FOR_A_MAIL = 45, 10


def test_a_purchase_takes_few_statements_and_so_does_each_of_its_mails(event, general, api, pay):
    body = {
        "event": event.slug,
        "items": [{"ticket_type": general.public_id, "quantity": 2}],
        "email": "ada@example.com",
        "name": "Ada Obi",
    }
    with CaptureQueriesContext(
        connection,
    ) as checkout_statements:
        answer = api().post(
            "/api/payments/create-checkout-session", json.dumps(body), content_type="application/json"
        )
    assert answer.status_code == 201, answer.content
    pay(answer.json()["session_id"])
    with CaptureQueriesContext(connection) as settle_statements:
        fulfillment.settle_payment(answer.json()["session_id"])
    with CaptureQueriesContext(connection) as mail_statements:
        send_due_messages()
    assert Order.objects.get().status == "paid"
    assert sorted(Message.objects.values_list("kind", "state")) == [
        ("new_ticket_sale", "sent"),
        ("ticket_confirmation", "sent"),
    ]
    counts = [len(each) for each in (checkout_statements, settle_statements, mail_statements)]
    assert sum(counts[:2]) <= MOST, counts
    assert counts[2] <= 2 * MOST_FOR_A_MAIL, counts
