"""The policy that holds payouts until after the events: set, followed at Stripe, kept up, and ended."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from conftest import connect_to_stripe
from connect import gateway
from connect.stripe_objects import PayoutSchedule
from maly.crash import install_hook
from maly.errors import Invalid
from payouts.errors import PayoutsHeld
from payouts.models import PayoutHold, PayoutRequest
from payouts.services.holding import apply_hold, apply_holds, end_hold, hold_payouts, require_not_held
from payouts.services.requests import request_payout
from payouts.services.schedules import set_schedule
from payouts.tests.conftest import fail, requests_to, run_together
from ticketing.models import Event

pytestmark = pytest.mark.django_db

FRIDAYS = PayoutSchedule(interval="weekly", weekly_anchor="friday")
MANUAL = PayoutSchedule(interval="manual")


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def at_stripe(account):
    """The schedule as Stripe has it, and a way to change it there."""

    def run(change: PayoutSchedule | None = None) -> PayoutSchedule:
        if change:
            gateway.update_payout_schedule(account.stripe_account_id, change)
        return gateway.retrieve_account(account.stripe_account_id).payout_schedule

    return run


@pytest.fixture
def hold(organization, staff):
    """Hold the payouts of Harbour Arts as staff would."""

    def run(days: int = 3) -> PayoutHold:
        return hold_payouts(organization, days_after_event=days, actor=staff, reason="Sells months ahead")

    return run


@pytest.fixture
def lift(organization, staff):
    def run() -> PayoutHold:
        return end_hold(organization, actor=staff, reason="Proven")

    return run


def actions() -> list[str]:
    entries = AuditEntry.objects.filter(action__startswith="payout_hold").order_by("id")
    return list(entries.values_list("action", flat=True))


def die_at(point: str, run: Any) -> None:
    def die(reached: str) -> None:
        if reached == point:
            raise Killed

    install_hook(die)
    try:
        with pytest.raises(Killed):
            run()
    finally:
        install_hook(None)


def test_holding_sets_the_schedule_to_manual_and_ending_brings_the_old_one_back(
    account, hold, lift, at_stripe, staff
):
    at_stripe(FRIDAYS)
    held = hold()
    assert (held.status, held.connected_account, held.former_schedule["weekly_anchor"]) == (
        "on",
        account,
        "friday",
    )
    assert at_stripe() == MANUAL
    ended = lift()
    assert (ended.status, ended.former_schedule, ended.applied_at) == ("off", None, None)
    assert at_stripe() == FRIDAYS
    assert actions() == ["payout_hold.set", "payout_hold.applied", "payout_hold.lifted", "payout_hold.ended"]
    entry = AuditEntry.objects.get(action="payout_hold.set")
    assert (entry.actor, entry.actor_kind, entry.reason) == (staff, "staff", "Sells months ahead")


def test_the_same_again_changes_nothing_and_other_days_are_another_entry(account, hold, sandbox):
    hold()
    hold()
    assert actions() == ["payout_hold.set", "payout_hold.applied"]
    assert hold(7).days_after_event == 7
    assert len(requests_to(sandbox, f"/v1/accounts/{account.stripe_account_id}")) == 1
    entry = AuditEntry.objects.filter(action="payout_hold.set").last()
    assert (entry.before["days_after_event"], entry.after["days_after_event"]) == (3, 7)


def test_a_manual_schedule_stays_manual_before_and_after(account, hold, lift, at_stripe, sandbox):
    at_stripe(MANUAL)
    sent = len(requests_to(sandbox, f"/v1/accounts/{account.stripe_account_id}"))
    hold()
    lift()
    assert at_stripe() == MANUAL
    assert len(requests_to(sandbox, f"/v1/accounts/{account.stripe_account_id}")) == sent


@pytest.mark.parametrize("days", [-1, 366])
def test_a_number_of_days_that_makes_no_sense_is_refused(organization, hold, days):
    with pytest.raises(Invalid):
        hold(days)
    assert not PayoutHold.objects.exists()


def test_ending_what_was_never_held_is_refused(organization, lift):
    with pytest.raises(Invalid):
        lift()


def test_while_held_neither_the_schedule_nor_a_payout_is_the_organizers(account, hold, lift, organizer, fund):
    fund()
    hold()
    with pytest.raises(PayoutsHeld) as raised:
        set_schedule(account.organization, schedule=FRIDAYS, actor=organizer)
    assert "3 days after each event" in raised.value.detail
    with pytest.raises(PayoutsHeld):
        request_payout(account.organization, amount=100, currency="usd", actor=organizer)
    assert not PayoutRequest.objects.exists()
    lift()
    assert set_schedule(account.organization, schedule=MANUAL, actor=organizer) == MANUAL
    assert request_payout(account.organization, amount=100, currency="usd", actor=organizer).amount == 100


def test_the_refusal_says_what_is_released_next(account, hold, sell, event):
    Event.objects.filter(pk=event.pk).update(ends_at=timezone.now() + timedelta(days=30))
    event.refresh_from_db()
    sell()
    hold()
    with pytest.raises(PayoutsHeld) as raised:
        require_not_held(account.organization)
    day = event.ends_at + timedelta(days=3)
    assert f"Next comes $45.50 for Night Market, on {day.day} {day:%B %Y}." in raised.value.detail


def test_a_payout_that_was_made_before_is_still_found_by_its_key(account, manual, hold, organizer, fund):
    fund()
    wish = {"amount": 100, "currency": "usd", "actor": organizer, "idempotency": ("user:1", "key")}
    made = request_payout(account.organization, **wish)
    hold()
    assert request_payout(account.organization, **wish) == made


def test_a_hold_that_begins_while_a_payout_is_being_asked_for_is_seen_before_it_is_written(
    account, manual, hold, organizer, fund
):
    fund()

    def begin(reached: str) -> None:
        if reached == "stripe.retrieve_balance.after":
            install_hook(None)
            hold()

    install_hook(begin)
    try:
        with pytest.raises(PayoutsHeld):
            request_payout(account.organization, currency="usd", actor=organizer)
    finally:
        install_hook(None)
    assert not PayoutRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_payout_asked_for_while_the_hold_begins_is_made_before_it_or_not_at_all(
    account, manual, hold, organizer, fund
):
    fund()
    made: list[Any] = []

    def ask() -> None:
        try:
            made.append(
                request_payout(account.organization, amount=100, currency="usd", actor=organizer).created_at
            )
        except PayoutsHeld:
            made.append(None)

    run_together([ask, hold])
    begun = AuditEntry.objects.get(action="payout_hold.set")
    asked = AuditEntry.objects.filter(action="payout.requested").first()
    assert (asked is None) == (made == [None])
    assert asked is None or asked.pk < begun.pk


# --- Stripe that is away, or changed by others


def test_what_stripe_was_away_for_the_sweep_makes_up_for(account, hold, lift, at_stripe, sandbox, quick):
    at_stripe(FRIDAYS)
    path = f"/v1/accounts/{account.stripe_account_id}"
    fail(sandbox, path, "error_500", times=1)
    held = hold()
    assert (held.status, held.applied_at, at_stripe()) == ("on", None, FRIDAYS)
    assert apply_holds() == 1
    assert at_stripe() == MANUAL
    fail(sandbox, path, "error_500", times=1)
    assert lift().status == "ending"
    with pytest.raises(PayoutsHeld) as raised:
        require_not_held(account.organization)
    assert "Try again" in raised.value.detail
    assert apply_holds() == 1
    assert at_stripe() == FRIDAYS
    assert apply_holds() == 0


def test_a_sweep_without_stripe_goes_on_with_the_next_one(account, hold, sandbox, quick):
    hold()
    PayoutHold.objects.update(applied_at=None)
    fail(sandbox, f"/v1/accounts/{account.stripe_account_id}", "error_500", method="GET")
    assert apply_holds() == 0
    assert apply_holds() == 1
    assert PayoutHold.objects.get().lease_until is None


def test_a_schedule_changed_at_stripe_is_set_back_and_noted(account, hold, lift, at_stripe):
    hold()
    at_stripe(FRIDAYS)
    assert apply_holds() == 1
    assert at_stripe() == MANUAL
    noted = AuditEntry.objects.get(action="payout_hold.schedule_found_changed")
    assert noted.after["weekly_anchor"] == "friday"
    lift()
    assert at_stripe() == PayoutSchedule(interval="daily")  # what it was before the hold


def test_an_organization_without_an_account_is_held_from_its_first_day(
    organization, organizer, hold, sandbox
):
    assert hold().connected_account is None
    connect_to_stripe(organization, organizer, sandbox)
    assert apply_holds() == 1
    held = PayoutHold.objects.get()
    assert held.former_schedule["interval"] == "daily"
    account_id = held.connected_account.stripe_account_id
    assert gateway.retrieve_account(account_id).payout_schedule == MANUAL


def test_holding_again_before_the_old_schedule_is_back_still_remembers_it(
    account, hold, lift, at_stripe, sandbox, quick
):
    at_stripe(FRIDAYS)
    hold()
    fail(sandbox, f"/v1/accounts/{account.stripe_account_id}", "error_500")
    lift()
    assert hold().former_schedule["weekly_anchor"] == "friday"
    lift()
    assert at_stripe() == FRIDAYS


def test_only_one_caller_at_a_time_sets_the_schedule(account, hold):
    held = hold()
    PayoutHold.objects.update(lease_until=timezone.now() + timedelta(minutes=1), applied_at=None)
    assert not apply_hold(held.pk)
    assert apply_hold(held.pk, now=timezone.now() + timedelta(minutes=2))


@pytest.mark.parametrize(
    "point",
    [
        "payout_hold.committed",
        "payout_hold.schedule_read",
        "payout_hold.schedule_remembered",
        "stripe.update_payout_schedule.before",
        "stripe.update_payout_schedule.after",
        "payout_hold.schedule_set",
    ],
)
def test_dying_while_the_hold_begins_leaves_it_to_the_sweep(point, account, hold, lift, at_stripe):
    at_stripe(FRIDAYS)
    die_at(point, hold)
    assert apply_holds() == 1
    assert (at_stripe(), PayoutHold.objects.get().status) == (MANUAL, "on")
    assert "payout_hold.schedule_found_changed" not in actions()
    lift()
    assert at_stripe() == FRIDAYS


@pytest.mark.parametrize(
    "point",
    [
        "payout_hold.committed",
        "stripe.update_payout_schedule.before",
        "stripe.update_payout_schedule.after",
        "payout_hold.schedule_set",
    ],
)
def test_dying_while_the_hold_ends_leaves_it_to_the_sweep(point, account, hold, lift, at_stripe):
    at_stripe(FRIDAYS)
    hold()
    die_at(point, lift)
    assert apply_holds() == 1
    assert (at_stripe(), PayoutHold.objects.get().status) == (FRIDAYS, "off")


# --- the API

SCHEDULE = "/api/organizations/harbour-arts/payout-schedule"
PAYOUTS = "/api/organizations/harbour-arts/payouts"


def test_the_api_says_until_when_money_is_held(api, account, organizer, hold, sell, event):
    assert api(organizer).get(SCHEDULE).json()["held"] is None
    Event.objects.filter(pk=event.pk).update(ends_at=timezone.now() + timedelta(days=30))
    event.refresh_from_db()
    sell()
    hold()
    shown = api(organizer).get(SCHEDULE).json()
    on = (event.ends_at + timedelta(days=3)).isoformat().replace("+00:00", "Z")
    assert (shown["interval"], shown["held"]) == (
        "manual",
        {
            "until": on,
            "days_after_event": 3,
            "next_release": [{"event": "night-market", "amount": 4550, "currency": "usd", "on": on}],
        },
    )


def test_the_api_refuses_with_its_own_code(api, account, organizer, hold, fund):
    fund()
    hold()
    client = api(organizer)
    for answer in (
        client.put(SCHEDULE, {"interval": "daily"}, content_type="application/json"),
        client.post(PAYOUTS, {"currency": "usd"}, content_type="application/json"),
    ):
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["code"]) == (409, "PAYOUTS_HELD")
        assert "Nothing is waiting" in error["detail"]
