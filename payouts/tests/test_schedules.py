"""The payout schedule: read from Stripe, checked here, set there, and written into the audit log."""

import pytest

from accounts.models import AuditEntry
from connect.errors import OrganizerNotConnected, StripeUnavailable
from connect.stripe_objects import PayoutSchedule
from maly.crash import install_hook
from maly.errors import Invalid
from payouts.services.schedules import read_schedule, set_schedule
from payouts.tests.conftest import fail, requests_to

pytestmark = pytest.mark.django_db

SCHEDULES = [
    PayoutSchedule(interval="daily"),
    PayoutSchedule(interval="weekly", weekly_anchor="monday"),
    PayoutSchedule(interval="weekly", weekly_anchor="friday"),
    PayoutSchedule(interval="monthly", monthly_anchor=1),
    PayoutSchedule(interval="monthly", monthly_anchor=31),
    PayoutSchedule(interval="manual"),
]


def audited() -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.filter(action__startswith="payout_schedule").order_by("id")
    return [(entry.action, entry.before["interval"], entry.after["interval"]) for entry in entries]


def test_an_account_begins_with_daily_payouts(connected_organization):
    assert read_schedule(connected_organization) == PayoutSchedule(interval="daily")


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_every_schedule_can_be_set_and_read_again(schedule, connected_organization, organizer):
    assert set_schedule(connected_organization, schedule=schedule, actor=organizer) == schedule
    assert read_schedule(connected_organization) == schedule


def test_one_schedule_after_another_leaves_no_anchor_behind(connected_organization, organizer):
    for schedule in [*SCHEDULES, *reversed(SCHEDULES)]:
        set_schedule(connected_organization, schedule=schedule, actor=organizer)
        assert read_schedule(connected_organization) == schedule


def test_the_anchor_is_sent_with_its_interval_only(account, connected_organization, organizer, sandbox):
    weekly = PayoutSchedule(interval="weekly", weekly_anchor="friday")
    set_schedule(connected_organization, schedule=weekly, actor=organizer)
    (request,) = requests_to(sandbox, f"/v1/accounts/{account.stripe_account_id}")
    sent = request["params"]["settings"]["payouts"]["schedule"]
    assert sent == {"interval": "weekly", "weekly_anchor": "friday"}


def test_the_log_says_who_asked_for_what_and_what_it_was_before(connected_organization, organizer):
    set_schedule(connected_organization, schedule=PayoutSchedule(interval="manual"), actor=organizer)
    assert audited() == [
        ("payout_schedule.requested", "daily", "manual"),
        ("payout_schedule.changed", "daily", "manual"),
    ]
    entry = AuditEntry.objects.filter(action="payout_schedule.changed").get()
    assert (entry.actor, entry.actor_kind) == (organizer, "member")
    assert "…" in entry.subject


def test_setting_the_same_again_changes_nothing(account, connected_organization, organizer, sandbox):
    for _ in range(2):
        set_schedule(connected_organization, schedule=PayoutSchedule(interval="manual"), actor=organizer)
    assert len(requests_to(sandbox, f"/v1/accounts/{account.stripe_account_id}")) == 1
    assert len(audited()) == 2


@pytest.mark.parametrize(
    ("schedule", "attr"),
    [
        (PayoutSchedule(interval="hourly"), "interval"),
        (PayoutSchedule(interval="weekly"), "weekly_anchor"),
        (PayoutSchedule(interval="monthly"), "monthly_anchor"),
        (PayoutSchedule(interval="daily", weekly_anchor="monday"), "weekly_anchor"),
        (PayoutSchedule(interval="manual", monthly_anchor=3), "monthly_anchor"),
        (PayoutSchedule(interval="monthly", monthly_anchor=3, weekly_anchor="monday"), "weekly_anchor"),
        (PayoutSchedule(interval="weekly", weekly_anchor="sunday"), "weekly_anchor"),
        (PayoutSchedule(interval="monthly", monthly_anchor=32), "monthly_anchor"),
        (PayoutSchedule(interval="monthly", monthly_anchor=0), "monthly_anchor"),
    ],
    ids=str,
)
def test_what_does_not_fit_together_is_refused_before_stripe_hears_of_it(
    schedule, attr, connected_organization, organizer, sandbox
):
    before = len(sandbox.control("GET", "/_sandbox/requests")[1])
    with pytest.raises(Invalid) as raised:
        set_schedule(connected_organization, schedule=schedule, actor=organizer)
    assert raised.value.attr == attr
    assert len(sandbox.control("GET", "/_sandbox/requests")[1]) == before


def test_an_organization_without_an_account_has_no_schedule(organization, organizer):
    with pytest.raises(OrganizerNotConnected):
        read_schedule(organization)
    with pytest.raises(OrganizerNotConnected):
        set_schedule(organization, schedule=PayoutSchedule(interval="manual"), actor=organizer)


@pytest.mark.parametrize(("effect", "after"), [("error_500", "daily"), ("timeout_after_success", "manual")])
def test_after_a_failure_the_call_can_be_repeated(
    effect, after, account, connected_organization, organizer, sandbox, quick, settings
):
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    path = f"/v1/accounts/{account.stripe_account_id}"
    fail(sandbox, path, effect, times=2 if effect == "error_500" else 1)
    manual = PayoutSchedule(interval="manual")
    with pytest.raises(StripeUnavailable):
        set_schedule(connected_organization, schedule=manual, actor=organizer)
    sandbox.control("DELETE", "/_sandbox/faults", {})
    assert read_schedule(connected_organization).interval == after
    assert audited() == [("payout_schedule.requested", "daily", "manual")]
    assert set_schedule(connected_organization, schedule=manual, actor=organizer) == manual


class Killed(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("point", ["payouts.schedule_requested", "payouts.schedule_set"])
def test_dying_leaves_at_least_the_request_in_the_log(point, connected_organization, organizer):
    def die(reached: str) -> None:
        if reached == point:
            raise Killed

    manual = PayoutSchedule(interval="manual")
    install_hook(die)
    try:
        with pytest.raises(Killed):
            set_schedule(connected_organization, schedule=manual, actor=organizer)
    finally:
        install_hook(None)
    assert audited() == [("payout_schedule.requested", "daily", "manual")]
    assert set_schedule(connected_organization, schedule=manual, actor=organizer) == manual


def test_days_that_were_set_elsewhere_are_read_as_anchors():
    weekly = {"interval": "weekly", "weekly_payout_days": ["tuesday", "friday"]}
    monthly = {"interval": "monthly", "monthly_payout_days": [15]}
    assert PayoutSchedule.parse(weekly).weekly_anchor == "tuesday"
    assert PayoutSchedule.parse(monthly).monthly_anchor == 15
    assert PayoutSchedule.parse({"interval": "daily", "weekly_anchor": "monday"}).weekly_anchor is None
