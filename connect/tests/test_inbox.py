"""Working off the inbox: claims, retries, dead letters, replay."""

import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from connect import registry
from connect.errors import Ignored, NotYetKnown
from connect.models import StripeEvent
from connect.services import inbox
from connect.tests.webhook_calls import PLATFORM, deliver, make_event
from maly.crash import install_hook

pytestmark = pytest.mark.django_db


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch):
    """A registry of its own with one type, `test.thing`; the list is what its handler does each time it runs."""
    outcomes: list[Exception | None] = []
    runs: list[str] = []
    monkeypatch.setattr(registry, "_handlers", {})

    @registry.on("test.thing", endpoint="platform")
    def handler(event: StripeEvent) -> None:
        runs.append(event.event_id)
        outcome = outcomes.pop(0) if outcomes else None
        if outcome:
            raise outcome

    return outcomes, runs


def receive(event_id: str = "evt_1") -> StripeEvent:
    assert deliver(make_event("test.thing", account=None, id=event_id), path=PLATFORM).status_code == 200
    return StripeEvent.objects.get(event_id=event_id)


def run_now(event: StripeEvent) -> StripeEvent:
    """Let the event be due and work off what is."""
    StripeEvent.objects.filter(pk=event.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    inbox.process_due()
    event.refresh_from_db()
    return event


def test_a_handler_runs_once_and_the_event_is_processed(handled):
    event = run_now(receive())
    assert (event.status, event.attempts, event.error) == ("processed", 1, "")
    assert event.processed_at
    assert event.lease_until is None
    inbox.process_due()
    assert handled[1] == ["evt_1"]


def test_ignored_keeps_the_reason(handled):
    handled[0].append(Ignored("Not ours."))
    assert (run_now(receive()).status, StripeEvent.objects.get().error) == ("ignored", "Not ours.")


def test_a_failure_is_kept_and_tried_again_later(handled):
    handled[0].extend([ValueError("broken acct_1SecretSecretXYZ"), NotYetKnown("order"), None])
    event = run_now(receive())
    assert (event.status, event.attempts) == ("received", 1)
    assert event.error == "ValueError: broken acct_1Sec…tXYZ"
    assert event.due_at <= timezone.now() + timedelta(seconds=20)
    event = run_now(event)
    assert event.error == "Not yet known: order"
    event = run_now(event)
    assert (event.status, event.attempts, event.error) == ("processed", 3, "")


def test_pauses_grow_with_full_jitter_up_to_a_day():
    for attempts, longest in ((1, 20), (5, 320), (11, 20480)):
        pauses = [(inbox._next_try(attempts) - timezone.now()).total_seconds() for _ in range(200)]
        assert max(pauses) <= longest
        assert min(pauses) < longest / 4
    assert (inbox._next_try(40) - timezone.now()).total_seconds() <= 86400


def test_a_poison_event_dies_after_twelve_attempts_and_blocks_nobody(handled):
    handled[0].extend([ValueError("broken")] * 12)
    event = receive()
    for _ in range(12):
        event = run_now(event)
    assert (event.status, event.attempts) == ("dead", 12)
    assert run_now(receive("evt_2")).status == "processed"
    assert run_now(event).attempts == 12


def test_a_claim_holds_until_its_lease_ends(handled):
    event = receive()
    assert inbox.claim_due_events() == [event.pk]
    assert inbox.claim_due_events() == []
    assert inbox.claim_due_events(event_pk=event.pk) == []
    StripeEvent.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert inbox.claim_due_events(event_pk=event.pk) == [event.pk]


def test_a_worker_that_was_overtaken_writes_nothing(handled):
    event = receive()
    inbox.claim_due_events()
    handled[0].append(ValueError("late"))

    def overtaken(late: StripeEvent) -> None:
        StripeEvent.objects.filter(pk=late.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        inbox.process_due()
        raise ValueError("the first worker, late")

    registry._handlers["platform", "test.thing"] = [overtaken]
    registry_of_second = [overtaken, lambda _event: None]

    def in_turn(late: StripeEvent) -> None:
        registry_of_second.pop(0)(late)

    registry._handlers["platform", "test.thing"] = [in_turn]
    inbox.process_event(event.pk)
    event.refresh_from_db()
    assert (event.status, event.attempts, event.error) == ("processed", 2, "")


@pytest.mark.parametrize("point", ["connect.event_claimed", "connect.event_handled"])
def test_a_worker_that_dies_leaves_the_event_to_the_next(handled, point):
    class Killed(BaseException):
        pass

    def kill(reached: str) -> None:
        if reached == point:
            install_hook(None)
            raise Killed

    event = receive()
    install_hook(kill)
    with pytest.raises(Killed):
        inbox.process_due()
    assert inbox.process_due() == 0  # the lease holds
    StripeEvent.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert inbox.process_due() == 1
    event.refresh_from_db()
    assert (event.status, event.attempts) == ("processed", 2)


def test_what_one_app_ignores_is_for_the_next(handled, monkeypatch):
    asked = []

    def of_another_app(event: StripeEvent) -> None:
        asked.append(event.event_id)

    of_another_app.__module__ = "premium.webhooks"
    registry.on("test.thing", endpoint="platform")(of_another_app)
    handled[0].extend([Ignored("no ticket of ours"), None])
    first, second = receive("evt_1"), receive("evt_2")
    inbox.process_due()
    assert asked == ["evt_1"]
    assert [StripeEvent.objects.get(pk=each.pk).status for each in (first, second)] == ["processed"] * 2


def test_one_type_has_one_handler_in_each_app(handled):
    with pytest.raises(AssertionError, match="two handlers"):

        @registry.on("test.thing", endpoint="platform")
        def other(event: StripeEvent) -> None: ...


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_the_events_without_running_one_twice(handled):
    for number in range(30):
        receive(f"evt_{number}")

    def work() -> None:
        try:
            inbox.process_due()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(handled[1]) == sorted(f"evt_{number}" for number in range(30))
    assert set(StripeEvent.objects.values_list("status", "attempts")) == {("processed", 1)}


# --- replay


def test_a_replayed_event_is_handled_again_and_audited(handled, staff):
    event = run_now(receive())
    assert inbox.replay(StripeEvent.objects.all(), actor=staff, reason="Fixed") == 1
    assert run_now(event).status == "processed"
    assert handled[1] == ["evt_1", "evt_1"]
    entry = AuditEntry.objects.get(action="stripe_event.replayed")
    assert (entry.subject, entry.actor_kind, entry.reason) == ("event:evt_1", "staff", "Fixed")


def test_an_event_under_way_is_not_replayed(handled):
    receive()
    inbox.claim_due_events()
    assert inbox.replay(StripeEvent.objects.all()) == 0


def test_replay_webhooks_takes_dead_ones_by_moment_or_by_id(handled, capsys):
    dead, done = receive("evt_dead"), receive("evt_done")
    StripeEvent.objects.filter(pk=dead.pk).update(status="dead", attempts=12)
    run_now(done)
    call_command("replay_webhooks", "--dead", "--now")
    assert handled[1] == ["evt_done", "evt_dead"]
    call_command("replay_webhooks", "--id", "evt_done", "--now")
    assert handled[1][-1] == "evt_done"
    StripeEvent.objects.filter(pk=dead.pk).update(received_at=timezone.now() - timedelta(days=2))
    since = (timezone.now() - timedelta(days=1)).isoformat()
    call_command("replay_webhooks", "--since", since, "--now")
    assert handled[1].count("evt_dead") == 1
    assert "1 events will be handled again." in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--id", "evt_missing"], ["--since", "yesterday"], [], ["--dead", "--id", "x"]]
)
def test_replay_webhooks_says_what_is_wrong(arguments):
    with pytest.raises(CommandError):
        call_command("replay_webhooks", *arguments)
