"""The Celery app and the beat schedule: every sweep in one place. Each is safe to run twice and at any time."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "maly.settings")
app = Celery("maly")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    "process-stripe-events": {"task": "connect.tasks.process_due_events", "schedule": 5.0},
    "send-messages": {"task": "notifications.tasks.send_due_messages", "schedule": 5.0},
    "seal-ledger": {"task": "ledger.tasks.seal_ledger", "schedule": 10.0},
    "expire-holds": {"task": "ticketing.tasks.expire_holds", "schedule": 15.0},
    "resolve-payments": {"task": "ticketing.tasks.resolve_requested_payments", "schedule": 15.0},
    "resolve-refunds": {"task": "ticketing.tasks.resolve_refunds", "schedule": 15.0},
    "recover-receivables": {"task": "ticketing.tasks.recover_receivables", "schedule": 600.0},
    "find-refunds": {"task": "ticketing.tasks.find_refunds", "schedule": 600.0},
    "record-charge-money": {"task": "ticketing.tasks.record_missing_charge_money", "schedule": 60.0},
    "resolve-accounts": {"task": "connect.tasks.resolve_account_creations", "schedule": 60.0},
    "resolve-payout-requests": {"task": "payouts.tasks.resolve_payout_requests", "schedule": 30.0},
    "follow-payouts": {"task": "payouts.tasks.follow_payouts", "schedule": 3600.0},
    "find-payouts": {"task": "payouts.tasks.find_payouts", "schedule": 3600.0},
    "forget-idempotent-requests": {"task": "accounts.tasks.forget_idempotent_requests", "schedule": 3600.0},
}
