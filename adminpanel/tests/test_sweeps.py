"""What is kept of each run of a sweep."""

from datetime import timedelta

import pytest
from celery import shared_task
from celery.signals import after_task_publish, beat_init
from django.db import connection
from django.utils import timezone

from adminpanel.models import SweepRun
from adminpanel.services import sweeps
from connect.tasks import process_due_events
from maly import celery
from notifications.tasks import send_due_messages

pytestmark = pytest.mark.django_db
NAME = "process-stripe-events"


@shared_task
def failing_sweep() -> None:
    raise ZeroDivisionError("of ada@example.com")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(celery.SWEEP_OF, failing_sweep.name, NAME)


def test_a_run_that_beat_asked_for_is_kept_once() -> None:
    before = timezone.now()
    process_due_events.apply()
    process_due_events.apply()
    run = SweepRun.objects.get()
    assert (run.name, run.error, run.failures) == (NAME, "", 0)
    assert before < run.started_at < run.finished_at == run.succeeded_at


def test_failures_in_a_row_are_counted_and_the_last_success_stays(failing: None) -> None:
    process_due_events.apply()
    success = SweepRun.objects.get().succeeded_at
    failing_sweep.apply()
    failing_sweep.apply()
    run = SweepRun.objects.get()
    assert (run.error, run.failures, run.succeeded_at) == ("ZeroDivisionError", 2, success)
    process_due_events.apply()
    run.refresh_from_db()
    assert (run.error, run.failures) == ("", 0)


def test_a_run_that_ended_before_the_last_one_changes_nothing() -> None:
    now = timezone.now()
    sweeps.record_run(NAME, started_at=now)
    SweepRun.objects.update(finished_at=now + timedelta(hours=1))
    sweeps.record_run(NAME, started_at=now, error=ValueError())
    assert SweepRun.objects.get().error == ""


def test_a_refused_record_fails_neither_the_task_nor_its_transaction() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE adminpanel_sweeprun ADD CONSTRAINT refuses CHECK (name <> 'send-messages')"
        )
    assert send_due_messages.apply().get() == 0
    assert not SweepRun.objects.exists()


def test_beat_gives_a_sign_of_life_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    signs = []
    monkeypatch.setattr(connection, "close", lambda: signs.append("closed"))
    monkeypatch.setattr(sweeps, "_last_sign", float("-inf"))
    monkeypatch.setattr(sweeps, "_beat_began_at", None)
    receivers = list(after_task_publish.receivers)
    try:
        beat_init.send(sender=None)
        first = SweepRun.objects.get(name=sweeps.BEAT).finished_at
        after_task_publish.send(sender="a.task")
        assert SweepRun.objects.get().finished_at == first
        monkeypatch.setattr(sweeps, "_last_sign", sweeps._last_sign - 11)
        after_task_publish.send(sender="a.task")
        sign = SweepRun.objects.get()
        assert sign.started_at < first < sign.finished_at
        assert len(signs) == 3
    finally:
        after_task_publish.receivers[:] = receivers
        after_task_publish.sender_receivers_cache.clear()
