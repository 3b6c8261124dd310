"""Held money is paid out once its events' time has come: all of it, once, and nothing of the others."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from connect.errors import StripeUnavailable
from ledger import chart
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from maly.crash import install_hook
from maly.errors import Invalid
from payouts.errors import BalanceInsufficient, PayoutUnderWay
from payouts.models import OrganizerPayout, PayoutHold, PayoutHoldException, PayoutRelease, PayoutRequest
from payouts.services.holding import hold_payouts, read_held
from payouts.services.holding_releases import release_amount, release_due, release_event
from payouts.services.sweeps import resolve_payout_requests
from payouts.tests.conftest import (
    AVAILABLE_AT_ONCE,
    AVAILABLE_LATER,
    control,
    fail,
    payouts_at_stripe,
    run_together,
)
from ticketing.models import Event, Order, OrganizerReceivable, Payment, Ticket
from ticketing.services import checkout
from ticketing.services.refunds import request_refund
from ticketing.tests.books import held_by
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db

DAYS = 3
NOW = timezone.now()


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def hold(account, organization, staff) -> PayoutHold:
    return hold_payouts(organization, days_after_event=DAYS, actor=staff, reason="Sells months ahead")


@pytest.fixture
def make_event(connected_organization):
    """An event with tickets at $50.00 that ends so many days from now."""

    def run(days: int, **more: Any) -> Event:
        ends_at = NOW + timedelta(days=days)
        dates = {"starts_at": ends_at - timedelta(hours=3), "ends_at": ends_at}
        event = EventFactory(organization=connected_organization, **dates, **more)
        TicketTypeFactory(event=event)
        return event

    return run


@pytest.fixture
def sell_to(sandbox, settle):
    """Sell tickets of an event in one order."""

    def run(event: Event, quantity: int = 1, *, card: str = AVAILABLE_AT_ONCE) -> Order:
        wanted = [checkout.Item(event.ticket_types.get().public_id, quantity)]
        start = checkout.start_checkout(event, items=wanted, email="ada@example.com", name="Ada Obi")
        control(sandbox, f"checkout/{start.payment.session_id}/pay", card=card)
        settle()
        return Order.objects.get(pk=start.order.pk)

    return run


def after(days: float) -> datetime:
    return NOW + timedelta(days=days)


def paid_out() -> list[int]:
    return list(OrganizerPayout.objects.order_by("id").values_list("amount", flat=True))


def assert_books(account: Any) -> None:
    at_stripe = held_by(account.stripe_account_id), held_by("")
    organization = account.organization
    ours = [chart.connected(organization), chart.platform()]
    assert tuple(balance(one, currency="usd") for one in ours) == at_stripe
    assert verify_ledger().violations == []


def test_an_events_money_is_released_some_days_after_it_and_the_others_stays(
    account, hold, make_event, sell_to
):
    first, second = make_event(1), make_event(20)
    sell_to(first), sell_to(second, 2)
    assert release_due(now=after(1 + DAYS - 0.01)) == 0
    assert release_due(now=after(1 + DAYS)) == 1
    assert release_due(now=after(1 + DAYS)) == 0
    assert paid_out() == [4550]
    assert release_due(now=after(20 + DAYS)) == 1
    assert paid_out() == [4550, 9130]
    release = PayoutRelease.objects.first()
    assert (release.amount, release.currency, release.created_by) == (4550, "usd", None)
    assert release.request.payout == OrganizerPayout.objects.first()
    assert_books(account)


def test_what_has_not_settled_follows_when_it_has(account, hold, make_event, sell_to, sandbox, settle):
    event = make_event(1)
    sell_to(event)
    sell_to(event, card=AVAILABLE_LATER)
    assert release_due(now=after(5)) == 1
    control(sandbox, "clock", advance_seconds=3 * 86400)
    settle()
    assert release_due(now=after(5)) == 1
    assert paid_out() == [4550, 4550]
    assert_books(account)


def test_refunds_are_taken_off_first(account, hold, make_event, sell_to, organizer):
    event = make_event(1)
    sell_to(event)
    order = sell_to(event, 2)
    request_refund(order, tickets=[order.tickets.first().code], actor=organizer, reason="Ill")
    assert release_due(now=after(5)) == 1
    assert paid_out() == [4550 + 4565]
    assert_books(account)


def test_what_the_organizer_owes_is_taken_before_anything_is_released(
    account, hold, make_event, sell_to, organizer, staff
):
    event = make_event(1)
    order = sell_to(event)
    release_amount(account.organization, amount=4550, currency="usd", actor=staff, reason="Rent is due")
    request_refund(order, actor=organizer, reason="Ill")
    owed = OrganizerReceivable.objects.get().open_amount
    assert owed > 0
    sell_to(event, 2)
    assert release_due(now=after(5)) == 1
    assert OrganizerReceivable.objects.get().open_amount == 0
    assert sum(paid_out()) == 9130
    assert held_by(account.stripe_account_id) == 0
    assert_books(account)


def test_what_the_organizer_owes_and_staff_look_at_stays_in_its_balance(
    account, hold, make_event, sell_to, organizer, staff
):
    event = make_event(1)
    order = sell_to(event)
    release_amount(account.organization, amount=4550, currency="usd", actor=staff, reason="Rent is due")
    request_refund(order, actor=organizer, reason="Ill")
    OrganizerReceivable.objects.update(needs_staff=True)
    sell_to(event, 2)
    release_due(now=after(5))
    assert paid_out() == [4550, 9130 - 4550]
    assert_books(account)


def test_a_refund_that_stripe_has_not_answered_is_not_released(
    account, hold, make_event, sell_to, organizer, sandbox, quick
):
    event = make_event(1)
    order = sell_to(event)
    sell_to(event)
    fail(sandbox, "/v1/refunds", "error_500", times=5)
    request_refund(order, actor=organizer, reason="Ill")
    release_due(now=after(5))
    assert paid_out() == [4550]


def test_a_cancelled_event_releases_nothing_that_is_to_be_refunded(
    account, hold, make_event, sell_to, organizer
):
    event = make_event(1)
    order, other = sell_to(event), sell_to(make_event(1))
    Event.objects.filter(pk=event.pk).update(status=Event.Status.CANCELLED)
    assert release_due(now=after(5)) == 1
    assert paid_out() == [4550]
    assert held_by(account.stripe_account_id) == 4550
    request_refund(order, actor=organizer, reason="Cancelled")
    assert release_due(now=after(5)) == 0
    assert held_by(account.stripe_account_id) == 0
    assert other.organizer_amount == 4550
    assert_books(account)


def test_a_payment_that_staff_look_at_is_not_released(account, hold, make_event, sandbox, settle, sell_to):
    event = make_event(1)
    wanted = [checkout.Item(event.ticket_types.get().public_id, 1)]
    start = checkout.start_checkout(event, items=wanted, email="ada@example.com", name="Ada Obi")
    Payment.objects.filter(pk=start.payment.pk).update(amount=4999)
    control(sandbox, f"checkout/{start.payment.session_id}/pay", card=AVAILABLE_AT_ONCE)
    settle()
    assert held_by(account.stripe_account_id) == 4550
    assert release_due(now=after(5)) == 0
    sell_to(event)
    assert release_due(now=after(5)) == 1
    assert paid_out() == [4550]


def test_money_that_no_event_explains_is_not_released(account, hold, make_event, sell_to, fund):
    fund(10_000, fee=0)
    sell_to(make_event(1))
    for _twice in range(2):
        release_due(now=after(5))
    assert paid_out() == [4550]


def test_what_was_paid_out_before_the_hold_counts_against_what_comes_first(
    account, make_event, sell_to, settle, pay_out, organization, staff
):
    sell_to(make_event(40), 2)  # 9130, of which the daily schedule paid everything out
    pay_out()
    settle()
    hold_payouts(organization, days_after_event=DAYS, actor=staff, reason="Sells months ahead")
    sell_to(make_event(1))
    assert release_due(now=after(5)) == 0
    assert release_due(now=after(44)) == 1
    assert paid_out() == [9130, 4550]


def test_a_payout_that_came_back_is_released_again(account, hold, make_event, sell_to, sandbox, settle):
    sell_to(make_event(1))
    release_due(now=after(5))
    made = OrganizerPayout.objects.get()
    control(sandbox, f"payouts/{made.stripe_payout_id}", outcome="failed", failure_code="account_closed")
    settle()
    control(sandbox, f"accounts/{account.stripe_account_id}", complete=True)  # another bank account
    settle()
    assert release_due(now=after(5)) == 1
    assert OrganizerPayout.objects.exclude(status="failed").get().amount == 4550
    assert_books(account)


def test_what_stripe_refuses_is_tried_again_a_day_later(
    account, hold, make_event, sell_to, sandbox, settle, organizer
):
    event = make_event(1)
    sell_to(event)
    Event.objects.filter(pk=event.pk).update(starts_at=after(-9), ends_at=after(-8))
    control(sandbox, f"accounts/{account.stripe_account_id}", payouts_enabled=False)
    for _hour in range(3):
        assert release_due() == 0
    assert [one.request.status for one in PayoutRelease.objects.all()] == ["refused"]
    control(sandbox, f"accounts/{account.stripe_account_id}", payouts_enabled=True)
    assert release_due() == 0
    assert release_due(now=after(1)) == 1
    assert paid_out() == [4550]


@pytest.mark.unsettled("the events of its payout are lost")
def test_a_payout_nobody_told_us_of_is_not_made_a_second_time(
    account, hold, make_event, sell_to, sandbox, pay_out
):
    sell_to(make_event(1)), sell_to(make_event(30))
    control(sandbox, "delivery", mode="drop")
    pay_out()  # by somebody, of everything
    sandbox.pump()
    control(sandbox, "delivery", mode="normal")
    sell_to(make_event(30))
    assert release_due(now=after(5)) == 0
    assert not OrganizerPayout.objects.exists()


def test_after_the_hold_nothing_is_released(account, hold, make_event, sell_to):
    sell_to(make_event(1))
    PayoutHold.objects.update(status="ending")
    assert release_due(now=after(5)) == 0


# --- staff


def test_staff_release_an_event_before_its_time(account, hold, make_event, sell_to, staff):
    early, late = make_event(30), make_event(31)
    sell_to(early), sell_to(early, card=AVAILABLE_LATER), sell_to(late)
    release_event(early, actor=staff, reason="An old partner")
    assert paid_out() == [9100]  # what was available; the late one's is still there, once the rest settles
    release_event(early, actor=staff, reason="Clicked twice")
    assert paid_out() == [9100]
    entry = AuditEntry.objects.get(action="payout_hold.event_released")
    assert (entry.actor, entry.actor_kind, entry.reason) == (staff, "staff", "An old partner")
    assert_books(account)


def test_staff_release_an_amount_which_counts_against_what_comes_next(
    account, hold, make_event, sell_to, staff
):
    sell_to(make_event(30)), sell_to(make_event(40))
    wish = {"amount": 1000, "currency": "usd", "actor": staff, "reason": "Rent", "idempotency": ("a", "b")}
    assert release_amount(account.organization, **wish) == release_amount(account.organization, **wish)
    release = PayoutRelease.objects.get()
    assert (release.created_by, release.reason, release.request.requested_by) == (staff, "Rent", staff)
    assert [each.amount for each in read_held(account.organization).next_release] == [3550, 4550]
    assert release_due(now=after(34)) == 1
    assert paid_out() == [1000, 3550]
    with pytest.raises(BalanceInsufficient):
        release_amount(account.organization, **wish | {"amount": 4551, "idempotency": None})
    assert_books(account)


def test_staff_wait_while_another_payout_has_no_answer(
    account, hold, make_event, sell_to, staff, sandbox, settings, quick
):
    sell_to(make_event(30))
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    wish = {"currency": "usd", "actor": staff, "reason": "Rent"}
    fail(sandbox, "/v1/payouts", "timeout_after_success")
    with pytest.raises(StripeUnavailable):
        release_amount(account.organization, amount=1000, **wish, idempotency=("a", "b"))
    with pytest.raises(PayoutUnderWay):
        release_amount(account.organization, amount=2000, **wish)
    assert release_amount(account.organization, amount=1000, **wish, idempotency=("a", "b")).amount == 1000
    assert [each.amount for each in payouts_at_stripe(account)] == [1000]


def test_staff_cannot_release_what_is_not_held_or_no_amount(account, make_event, staff, organization):
    wish = {"currency": "usd", "actor": staff, "reason": "Rent"}
    event = make_event(3)
    with pytest.raises(Invalid):
        release_event(event, actor=staff, reason="Rent")
    with pytest.raises(Invalid):
        release_amount(organization, amount=100, **wish)
    hold_payouts(organization, days_after_event=DAYS, actor=staff, reason="Sells months ahead")
    with pytest.raises(Invalid):
        release_amount(organization, amount=0, **wish)
    Event.objects.filter(pk=event.pk).update(status=Event.Status.CANCELLED)
    event.refresh_from_db()
    with pytest.raises(Invalid):
        release_event(event, actor=staff, reason="Rent")
    assert not PayoutRelease.objects.exists()
    assert not PayoutHoldException.objects.exists()


# --- dying, doubling, racing


@pytest.mark.parametrize(
    "point",
    [
        "payout_release.balance_read",
        "payout_release.committed",
        "stripe.create_payout.before",
        "stripe.create_payout.after",
        "payout.recorded",
        "payouts.request_recorded",
    ],
)
def test_dying_at_any_point_releases_the_money_once(point, account, hold, make_event, sell_to):
    sell_to(make_event(1)), sell_to(make_event(30))

    def die(reached: str) -> None:
        if reached == point:
            raise Killed

    install_hook(die)
    try:
        with pytest.raises(Killed):
            release_due(now=after(5))
    finally:
        install_hook(None)
    for _again in range(2):
        release_due(now=after(5))
    assert [each.amount for each in payouts_at_stripe(account)] == [4550]
    assert paid_out() == [4550]
    assert PayoutRelease.objects.count() == 1
    assert_books(account)


def test_an_answer_that_was_lost_is_asked_for_under_the_same_key(
    account, hold, make_event, sell_to, sandbox, settings, quick
):
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    sell_to(make_event(1)), sell_to(make_event(30))
    fail(sandbox, "/v1/payouts", "timeout_after_success")
    assert release_due(now=after(5)) == 0
    assert PayoutRequest.objects.get().status == "requested"
    assert release_due(now=after(5)) == 1
    assert [each.amount for each in payouts_at_stripe(account)] == [4550]


def test_a_release_that_stripe_never_heard_of_is_given_up_and_made_anew(
    account, hold, make_event, sell_to, sandbox, quick
):
    sell_to(make_event(1))
    fail(sandbox, "/v1/payouts", "error_500")
    assert release_due(now=after(5)) == 0
    assert resolve_payout_requests(now=timezone.now() + timedelta(minutes=2)) == 1
    assert release_due(now=after(5)) == 1
    assert [one.request.status for one in PayoutRelease.objects.order_by("id")] == ["not_made", "created"]
    assert [each.amount for each in payouts_at_stripe(account)] == [4550]


@pytest.mark.django_db(transaction=True)
def test_two_jobs_and_staff_at_once_release_the_money_once(account, hold, make_event, sell_to, staff):
    event = make_event(1)
    sell_to(event), sell_to(make_event(30))
    jobs = [lambda: release_due(now=after(5))] * 3
    run_together([*jobs, lambda: release_event(event, actor=staff, reason="Now")])
    release_due(now=after(5))
    assert sum(each.amount for each in payouts_at_stripe(account)) == 4550
    assert_books(account)


# --- by chance


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_no_more_than_the_ended_events_money_leaves_and_in_the_end_all_of_it(
    seed, account, hold, make_event, sell_to, organizer, sandbox, settle
):
    chance = random.Random(seed)  # noqa: S311
    events = [make_event(days) for days in (2, 9, 16)]
    day, released = 0, 0

    def earned(ended: list[Event]) -> int:
        """What the organizer got of these events by its own tickets, not by the ledger."""
        live = Ticket.objects.filter(event__in=ended).exclude(status=Ticket.Status.CANCELLED)
        return sum(live.values_list("organizer_amount", flat=True))

    for _step in range(14):
        action = chance.choice(["sell", "sell", "refund", "wait", "wait", "release"])
        if action == "sell":
            card = chance.choice([AVAILABLE_AT_ONCE, AVAILABLE_LATER])
            sell_to(chance.choice(events), chance.randint(1, 3), card=card)
        elif action == "refund":
            tickets = Ticket.objects.exclude(status=Ticket.Status.CANCELLED)
            if ticket := chance.choice([None, *tickets.order_by("id")]):
                request_refund(ticket.order, tickets=[ticket.code], actor=organizer, reason="Ill")
        elif action == "wait":
            days = chance.randint(1, 4)
            day += days
            control(sandbox, "clock", advance_seconds=days * 86400)
            settle()
        before = sum(paid_out())
        release_due(now=after(day))
        released = sum(paid_out())
        if released > before:
            ended = [one for one in events if one.ends_at + timedelta(days=DAYS) <= after(day)]
            assert released <= earned(ended)
            assert_books(account)
    control(sandbox, "clock", advance_seconds=30 * 86400)
    settle()
    release_due(now=after(60))
    assert held_by(account.stripe_account_id) == 0
    owed = balance(chart.receivable_organizer(account.organization), currency="usd")
    assert sum(paid_out()) == earned(events) + owed
    assert_books(account)
