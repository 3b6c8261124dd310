"""Fixtures of payouts: an organizer with money at Stripe, and what happens to payouts there."""

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from connect import gateway
from connect.models import ConnectedAccount
from connect.selectors import get_current_account
from connect.stripe_objects import Payout, PayoutSchedule
from ticketing.models import Event, Order, TicketType
from ticketing.services import checkout
from ticketing.tests.factories import EventFactory, TicketTypeFactory

AVAILABLE_AT_ONCE, AVAILABLE_LATER = "4000000000000077", "4242424242424242"


@pytest.fixture
def account(connected_organization: Organization) -> ConnectedAccount:
    """The Stripe account of Harbour Arts."""
    found = get_current_account(connected_organization)
    assert found is not None
    return found


@pytest.fixture
def event(connected_organization: Organization) -> Event:
    return EventFactory(organization=connected_organization, title="Night Market", slug="night-market")


@pytest.fixture
def general(event: Event) -> TicketType:
    """$50.00: the organizer gets $45.50 of one sold alone."""
    return TicketTypeFactory(event=event)


@pytest.fixture
def sell(event: Event, general: TicketType, sandbox: Any, settle: Callable[[], None]) -> Callable[..., Order]:
    """Sell tickets of `general` in one order; the money is available at once unless `card` says otherwise."""

    def run(quantity: int = 1, *, card: str = AVAILABLE_AT_ONCE) -> Order:
        wanted = [checkout.Item(general.public_id, quantity)]
        start = checkout.start_checkout(event, items=wanted, email="ada@example.com", name="Ada Obi")
        control(sandbox, f"checkout/{start.payment.session_id}/pay", card=card)
        settle()
        order = Order.objects.get(pk=start.order.pk)
        assert order.status == Order.Status.PAID
        return order

    return run


@pytest.fixture
def fund(sandbox: Any, account: ConnectedAccount, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Bring money into the account's balance, less an application fee, without an order of ours."""
    request.node.add_marker(pytest.mark.unsettled("no payment of ours brought this money"))

    def run(amount: int = 5000, *, fee: int = 450, card: str = AVAILABLE_AT_ONCE) -> None:
        data: dict[str, Any] = {"transfer_data": {"destination": account.stripe_account_id}}
        if fee:
            data["application_fee_amount"] = fee
        item = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "A ticket"}}
        parameters = {
            "mode": "payment",
            "success_url": "http://testserver/",
            "line_items": [{"quantity": 1, "price_data": item}],
            "payment_intent_data": data,
        }
        session = gateway.create_checkout_session(parameters, idempotency_key=f"fund-{uuid.uuid4()}")
        control(sandbox, f"checkout/{session.id}/pay", card=card)
        sandbox.pump()

    return run


@pytest.fixture
def manual(account: ConnectedAccount) -> ConnectedAccount:
    """The account, paid out only when somebody asks for it."""
    gateway.update_payout_schedule(str(account.stripe_account_id), PayoutSchedule(interval="manual"))
    return account


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries take no time."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


@pytest.fixture
def pay_out(sandbox: Any, account: ConnectedAccount) -> Callable[..., str]:
    """Stripe pays the available balance out and it ends as told; returns the payout's id. Nothing is delivered."""

    def run(outcome: str = "paid", **more: Any) -> str:
        answer = control(sandbox, "payouts", account=account.stripe_account_id, outcome=outcome, **more)
        return str(answer["id"])

    return run


def payouts_at_stripe(account: ConnectedAccount) -> list[Payout]:
    long_ago = timezone.now() - timedelta(days=365)
    return gateway.list_payouts(str(account.stripe_account_id), created_after=long_ago)


def control(sandbox: Any, call: str, **body: Any) -> Any:
    status, answer = sandbox.control("POST", f"/_sandbox/{call}", body)
    assert status == 200, answer
    return answer


def fail(sandbox: Any, path: str, effect: str, *, times: int = 1, method: str = "POST") -> None:
    """Make Stripe's next answers fail."""
    control(sandbox, "faults", method=method, path=path, effect=effect, times=times)


def requests_to(sandbox: Any, path: str, method: str = "POST") -> list[dict[str, Any]]:
    _status, rows = sandbox.control("GET", f"/_sandbox/requests?path={path}")
    return [row for row in rows if row["method"] == method and row["path"] == path]


def run_together(jobs: Sequence[Callable[[], Any]]) -> None:
    """Run the jobs in threads that start at once, each with its own connection; the first error is raised."""
    start, errors = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], Any]) -> None:
        try:
            start.wait(30)
            job()
        except Exception as error:  # noqa: BLE001  raised below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
