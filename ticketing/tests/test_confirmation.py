"""What a returning buyer's page asks."""

import pytest

from ticketing.models import Order
from ticketing.services.confirmation import confirm_order

pytestmark = pytest.mark.django_db


def test_a_webhook_that_was_faster_than_the_page_is_seen(general, buy, pay, settle):
    start = buy((general, 1))
    read_before = Order.objects.get(pk=start.order.pk)
    pay(start.payment.session_id)
    settle()
    assert confirm_order(read_before).status == "paid"


def test_the_page_itself_settles_what_stripe_says_is_paid(general, buy, pay):
    start = buy((general, 1))
    pay(start.payment.session_id)
    assert confirm_order(start.order).status == "paid"


def test_a_stripe_that_cannot_be_reached_leaves_the_order_waiting(general, buy, sandbox):
    start = buy((general, 1))
    sandbox.control("POST", "/_sandbox/faults", {"path": "/v1/checkout", "effect": "error_500", "times": 9})
    assert confirm_order(start.order).status == "awaiting_payment"


def test_whoever_looks_without_end_does_not_use_up_stripes_limit(general, buy, sandbox, settings):
    settings.THROTTLES = {**settings.THROTTLES, "lookup": "2/hour"}
    start = buy((general, 1))
    before = len(sandbox.control("GET", "/_sandbox/requests", {})[1])
    for _look in range(5):
        assert confirm_order(start.order).status == "awaiting_payment"
    assert len(sandbox.control("GET", "/_sandbox/requests", {})[1]) == before + 2
