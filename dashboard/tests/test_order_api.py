"""GET /api/orders/{code}: the buyer's view, and the members' with the money trail."""

import pytest

from accounts.models import Organization
from payouts.tests.conftest import control
from ticketing.models import Event, Order
from ticketing.services import checkout
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(connected_organization: Organization) -> Event:
    return EventFactory(organization=connected_organization, title="Night Market")


@pytest.fixture
def sell(event, sandbox, settle):
    """Sell tickets at $50.00 in one order; the money is available at once."""
    general = TicketTypeFactory(event=event)

    def run(quantity: int = 1, *, is_settled: bool = True) -> Order:
        wanted = [checkout.Item(general.public_id, quantity)]
        start = checkout.start_checkout(event, items=wanted, email="ada@example.com", name="Ada Obi")
        control(sandbox, f"checkout/{start.payment.session_id}/pay", card="4000000000000077")
        if is_settled:
            settle()
        return Order.objects.get(pk=start.order.pk)

    return run


def path_of(order: Order) -> str:
    return f"/api/orders/{order.code}"


def test_a_member_sees_the_trail_from_the_buyer_to_the_bank(sell, api, manager, sandbox, settle, organizer):
    order = sell(2)
    request_refund(order, tickets=[order.tickets.first().code], actor=organizer, reason="Ill")
    account = order.connected_account.stripe_account_id
    paid = control(sandbox, "payouts", account=account, outcome="paid")
    settle()
    answer = api(manager).get(path_of(order))
    trail = answer.json()["trail"]
    assert {step["kind"] for step in trail} == {
        "sale",
        "stripe_fee",
        "transfer",
        "application_fee",
        "refund",
        "transfer_reversed",
        "fee_refunded",
        "payout_created",
        "payout_paid",
    }
    last = trail[-1]
    assert (last["id"], last["bank"], last["organizer"]) == (paid["id"], 4565, -4565)
    assert (last["organizer_balance"], last["pending"], last["words"]) == (0, False, "Paid into the bank")
    assert last["arrives_at"]
    assert account not in answer.content.decode()


def test_what_is_still_to_come_is_marked_and_has_no_invented_figure(sell, api, manager, organizer, sandbox):
    order = sell()
    control(sandbox, "faults", method="POST", path="/v1/refunds", effect="error_500", times=5)
    request_refund(order, actor=organizer, reason="Ill")
    body = api(manager).get(path_of(order)).json()
    pending = [step for step in body["trail"] if step["pending"]]
    assert [(step["kind"], step["amount"], step["id"]) for step in pending] == [("refund", 5000, None)]
    assert pending[0]["organizer_balance"] == 4550


def test_the_buyer_sees_no_trail(sell, api):
    order = sell()
    body = api().get(f"{path_of(order)}?key={order.key}").json()
    assert body["code"] == order.code
    assert "trail" not in body


def test_a_member_of_an_unpaid_order_sees_an_empty_trail(sell, api, manager):
    assert api(manager).get(path_of(sell(is_settled=False))).json()["trail"] == []


def test_the_detail_takes_as_many_statements_for_one_ticket_as_for_many(
    sell, api, manager, organizer, django_assert_max_num_queries
):
    one, many = sell(), sell(6)
    for ticket in many.tickets.all()[:3]:
        request_refund(many, tickets=[ticket.code], actor=organizer, reason="Ill")
    client = api(manager)
    for order in (one, many):
        with django_assert_max_num_queries(26):
            client.get(path_of(order))
