"""Disputes when Stripe fails to answer, and a process killed at every commit and call: the sweeps bring one end."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from maly import crash
from notifications.models import Message
from ticketing.models import Dispute, OrganizerReceivable, OrganizerTransfer, TransferReversal
from ticketing.services import dispute_sweeps, refund_sweeps, transfers
from ticketing.services.dispute_answers import submit_evidence
from ticketing.services.disputes import sync_dispute
from ticketing.services.refunds import request_refund
from ticketing.tests.books import Books, read_books
from ticketing.tests.factories import TicketTypeFactory
from ticketing.tests.test_crashes import Killed

pytestmark = pytest.mark.django_db


@pytest.fixture
def kill_at():
    def install(point):
        def hook(name):
            if name == point:
                crash.install_hook(None)
                raise Killed(name)

        crash.install_hook(hook)

    yield install
    crash.install_hook(None)


@pytest.fixture
def converge(settle):
    """What the sweeps do after the leases of the dead have lapsed."""

    def run():
        crash.install_hook(None)
        soon = timezone.now() + timedelta(seconds=60)
        for _ in range(3):
            Dispute.objects.update(lease_until=None)
            OrganizerTransfer.objects.update(lease_until=None)
            Message.objects.update(lease_until=None)
            dispute_sweeps.resolve_dispute_answers(now=soon)
            refund_sweeps.resolve_refunds(now=soon)
            dispute_sweeps.find_disputes(now=soon)
            transfers.resolve_transfers(now=soon)
            settle()

    return run


@pytest.fixture
def disputed(event, general, buy, pay, settle, sell, sandbox):
    """An order that the bank disputes, of which nobody has heard yet; our balance bears a transfer."""
    dear = TicketTypeFactory(event=event, name="Dear", price_amount=200_000)
    pay(buy((dear, 1), email="rich@example.com").payment.session_id, card="4000000000000077")
    settle()
    order = sell((general, 1))
    before = read_books(order)
    sandbox.transport, deliver = lambda *_: 200, sandbox.transport
    _, made = sandbox.control("POST", f"/_sandbox/charges/{order.payments.get().charge_id}/dispute", {})
    sandbox.pump()
    sandbox.transport = deliver
    return order, made["id"], before


def fault(sandbox: Any, path: str, effect: str, times: int = 1) -> None:
    sandbox.control(
        "POST", "/_sandbox/faults", {"method": "POST", "path": path, "effect": effect, "times": times}
    )


OPENING = [
    "stripe.retrieve_dispute.before",
    "stripe.retrieve_dispute.after",
    "dispute.fetched",
    "dispute.recorded",
    "stripe.retrieve_balance.before",
    "stripe.retrieve_balance.after",
    "recovery.requested",
    "stripe.reverse_transfer.before",
    "stripe.reverse_transfer.after",
    "recovery.created",
    "recovery.recorded",
]
WINNING = [
    "stripe.retrieve_dispute.after",
    "dispute.fetched",
    "dispute.recorded",
    "transfer.requested",
    "stripe.create_transfer.before",
    "stripe.create_transfer.after",
    "transfer.created",
    "transfer.recorded",
]
ANSWERING = [
    "answer.requested",
    "stripe.submit_evidence.before",
    "stripe.submit_evidence.after",
    "answer.given",
    "dispute.recorded",
    "answer.recorded",
]


@pytest.mark.parametrize("point", OPENING)
def test_killed_while_the_share_is_taken_back(point, disputed, kill_at, converge):
    order, dispute_id, before = disputed
    kill_at(point)
    with pytest.raises(Killed):
        sync_dispute(dispute_id)
    converge()
    known = Dispute.objects.get()
    assert (known.status, known.recovered_amount) == ("needs_response", 4550)
    assert TransferReversal.objects.get().status == "succeeded"
    assert Message.objects.filter(kind="dispute_opened").count() == 2
    assert read_books(order) == Books(before.organizer - 4550, before.platform - 6500 + 4550)


@pytest.mark.parametrize("news_come_first", [True, False])
@pytest.mark.parametrize("outcome", ["won", "lost"])
@pytest.mark.parametrize("point", ["recovery.requested", "stripe.reverse_transfer.after"])
def test_a_reversal_that_is_under_way_when_the_bank_decides_counts_once(
    point, outcome, news_come_first, disputed, kill_at, converge, sandbox
):
    order, dispute_id, before = disputed
    kill_at(point)
    with pytest.raises(Killed):
        sync_dispute(dispute_id)
    sandbox.control("POST", f"/_sandbox/disputes/{dispute_id}", {"outcome": outcome})
    if news_come_first:
        sync_dispute(dispute_id)
    converge()
    end = Books(before.organizer, before.platform - 1500)
    lost = Books(before.organizer - 4550, before.platform - 6500 + 4550)
    assert read_books(order) == (end if outcome == "won" else lost)
    assert TransferReversal.objects.get().amount == 4550
    # What came back after it was lost settles what was owed for it by then.
    settled = sum(OrganizerReceivable.objects.values_list("settled_amount", flat=True))
    is_owed = news_come_first and outcome == "lost"
    assert (Dispute.objects.get().recovered_amount, settled) == ((0, 4550) if is_owed else (4550, 0))


@pytest.mark.parametrize("point", WINNING)
def test_killed_while_the_share_is_given_back(point, disputed, kill_at, converge, sandbox):
    order, dispute_id, before = disputed
    sync_dispute(dispute_id)
    sandbox.transport, deliver = lambda *_: 200, sandbox.transport
    sandbox.control("POST", f"/_sandbox/disputes/{dispute_id}", {"outcome": "won"})
    sandbox.pump()
    sandbox.transport = deliver
    kill_at(point)
    with pytest.raises(Killed):
        sync_dispute(dispute_id)
    converge()
    order.refresh_from_db()
    assert (order.status, OrganizerTransfer.objects.get().status) == ("paid", "succeeded")
    assert read_books(order) == Books(before.organizer, before.platform - 1500)


@pytest.mark.parametrize("point", ["stripe.retrieve_dispute.after", "dispute.fetched", "dispute.recorded"])
def test_killed_while_it_is_lost(point, disputed, kill_at, converge, sandbox, general):
    order, dispute_id, before = disputed
    sync_dispute(dispute_id)
    sandbox.control("POST", f"/_sandbox/disputes/{dispute_id}", {"outcome": "lost"})
    kill_at(point)
    with pytest.raises(Killed):
        sync_dispute(dispute_id)
    converge()
    order.refresh_from_db()
    general.refresh_from_db()
    assert (order.status, order.tickets.get().status, general.sold) == ("disputed", "cancelled", 0)
    assert read_books(order) == Books(before.organizer - 4550, before.platform - 6500 + 4550)


def test_a_ticket_that_a_refund_without_an_answer_holds_is_cancelled_once(
    general, sell, organizer, sandbox, converge
):
    order = sell((general, 2))
    first, second = order.tickets.all()
    deliver, sandbox.transport = sandbox.transport, lambda *_: 200
    fault(sandbox, "/v1/refunds", "timeout_after_success")
    request_refund(order, actor=organizer, tickets=[first.code], reason="Ill")
    _, made = sandbox.control("POST", f"/_sandbox/charges/{order.payments.get().charge_id}/dispute", {})
    sandbox.control("POST", f"/_sandbox/disputes/{made['id']}", {"outcome": "lost"})
    sync_dispute(made["id"])
    assert set(order.tickets.values_list("code", "status")) == {
        (first.code, "valid"),
        (second.code, "cancelled"),
    }
    sandbox.transport = deliver
    converge()
    general.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, order.refunded_amount, general.sold) == ("disputed", 5000, 0)
    assert set(order.tickets.values_list("status", flat=True)) == {"cancelled"}


@pytest.mark.parametrize("point", ANSWERING)
def test_killed_while_the_evidence_is_sent(point, disputed, kill_at, converge, staff, sandbox):
    _, dispute_id, _ = disputed
    known = sync_dispute(dispute_id)
    kill_at(point)
    with pytest.raises(Killed):
        submit_evidence(known, actor=staff)
    converge()
    known.refresh_from_db()
    assert (known.status, known.answered_at is not None, known.answered_by) == ("under_review", True, staff)
    _, stripes = sandbox.control("GET", f"/_sandbox/requests?path=/v1/disputes/{dispute_id}", None)
    assert len([each for each in stripes if each["method"] == "POST" and each["params"].get("submit")]) <= 2
    assert sandbox.world.state.get("dispute", dispute_id)["evidence_details"]["submission_count"] == 1


@pytest.mark.parametrize("effect", ["error_500", "timeout", "timeout_after_success", "error_429"])
def test_stripe_fails_while_the_share_is_taken_back(effect, disputed, converge, sandbox):
    order, dispute_id, before = disputed
    fault(sandbox, "/v1/transfers", effect, times=3)
    sync_dispute(dispute_id)
    converge()
    assert Dispute.objects.get().recovered_amount == 4550
    assert TransferReversal.objects.filter(status="succeeded").count() == 1
    assert read_books(order) == Books(before.organizer - 4550, before.platform - 6500 + 4550)


def test_a_reversal_that_stripe_refuses_is_put_before_staff_and_not_asked_again(
    disputed, converge, sandbox, monkeypatch
):
    from connect import refund_calls
    from connect.errors import GatewayRefused

    _, dispute_id, _ = disputed
    asked = []

    def refuse(*args, **more):
        asked.append(args)
        raise GatewayRefused("The account is closed.", status=400)

    monkeypatch.setattr(refund_calls, "reverse_transfer", refuse)
    known = sync_dispute(dispute_id)
    assert (known.needs_staff, known.is_recovery_stopped, known.recovered_amount) == (True, True, 0)
    converge()
    assert len(asked) == 1
