"""The Celery app and the beat schedule: every sweep in one place. Each is safe to run twice and at any time.

What becomes of each run, and that beat is alive, is kept in PostgreSQL for the staff's operations page.
"""

import os
from datetime import UTC, datetime
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import after_task_publish, beat_init, task_postrun, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "maly.settings")
app = Celery("maly")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = SCHEDULE = {
    "process-stripe-events": {"task": "connect.tasks.process_due_events", "schedule": 5.0},
    "send-messages": {"task": "notifications.tasks.send_due_messages", "schedule": 5.0},
    "tell-of-the-day": {"task": "ticketing.tasks.tell_of_the_day", "schedule": 3600.0},
    "refresh-revenue": {"task": "adminpanel.tasks.refresh_revenue", "schedule": 300.0},
    "seal-ledger": {"task": "ledger.tasks.seal_ledger", "schedule": 10.0},
    "verify-changes": {"task": "ledger.tasks.verify_changes", "schedule": 60.0},
    "verify-books": {"task": "ledger.tasks.verify_books", "schedule": crontab(hour=3, minute=20)},
    "expire-holds": {"task": "ticketing.tasks.expire_holds", "schedule": 15.0},
    "resolve-payments": {"task": "ticketing.tasks.resolve_requested_payments", "schedule": 15.0},
    "resolve-refunds": {"task": "ticketing.tasks.resolve_refunds", "schedule": 15.0},
    "resolve-transfers": {"task": "ticketing.tasks.resolve_transfers", "schedule": 15.0},
    "cancel-events": {"task": "ticketing.tasks.work_off_cancellations", "schedule": 10.0},
    "recover-receivables": {"task": "ticketing.tasks.recover_receivables", "schedule": 600.0},
    "find-refunds": {"task": "ticketing.tasks.find_refunds", "schedule": 600.0},
    "find-disputes": {"task": "ticketing.tasks.find_disputes", "schedule": 600.0},
    "resolve-dispute-answers": {"task": "ticketing.tasks.resolve_dispute_answers", "schedule": 30.0},
    "record-charge-money": {"task": "ticketing.tasks.record_missing_charge_money", "schedule": 60.0},
    "find-paid-sessions": {"task": "ticketing.tasks.find_paid_sessions", "schedule": 300.0},
    "catch-up-events": {"task": "connect.tasks.catch_up_events", "schedule": 600.0},
    "reconcile-with-stripe": {"task": "payouts.tasks.reconcile_with_stripe", "schedule": 3600.0},
    "resolve-accounts": {"task": "connect.tasks.resolve_account_creations", "schedule": 60.0},
    "resolve-payout-requests": {"task": "payouts.tasks.resolve_payout_requests", "schedule": 30.0},
    "follow-payouts": {"task": "payouts.tasks.follow_payouts", "schedule": 3600.0},
    "find-payouts": {"task": "payouts.tasks.find_payouts", "schedule": 3600.0},
    "apply-payout-holds": {"task": "payouts.tasks.apply_payout_holds", "schedule": 600.0},
    "release-held-payouts": {"task": "payouts.tasks.release_held_payouts", "schedule": 3600.0},
    "resolve-premium": {"task": "premium.tasks.resolve_unanswered", "schedule": 30.0},
    "follow-subscriptions": {"task": "premium.tasks.follow_subscriptions", "schedule": 300.0},
    "follow-premium-time": {"task": "premium.tasks.follow_time", "schedule": 300.0},
    "forget-idempotent-requests": {"task": "accounts.tasks.forget_idempotent_requests", "schedule": 3600.0},
}

SWEEP_OF = {entry["task"]: name for name, entry in SCHEDULE.items()}
_started: dict[str, datetime] = {}  # by the id of the task that this process is at


@task_prerun.connect
def note_start(task_id: str, task: Task, **_more: Any) -> None:
    if task.name in SWEEP_OF:
        _started[task_id] = datetime.now(UTC)


@task_postrun.connect
def note_run(task_id: str, task: Task, retval: Any = None, state: str = "", **_more: Any) -> None:
    """Keep when a sweep ran and what ended it. Celery logs what goes wrong here; the task itself is done."""
    from adminpanel.services.sweeps import record_run

    if started_at := _started.pop(task_id, None):
        error = retval if state == "FAILURE" and isinstance(retval, BaseException) else None
        record_run(SWEEP_OF[task.name], started_at=started_at, error=error)


@beat_init.connect
def note_beat(**_more: Any) -> None:
    """In beat's own process: a sign of life at the start, and with what it asks for from then on."""
    from django.db import connection

    from adminpanel.services.sweeps import record_beat

    def sign(**_more: Any) -> None:
        record_beat()
        connection.close()  # kept open, it would be of no use once the database has been away

    sign()
    after_task_publish.connect(sign, weak=False)
