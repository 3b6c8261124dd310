"""The sweeps as beat and as an operator run them."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from maly.celery import app
from ticketing import tasks
from ticketing.models import Order, Payment

pytestmark = pytest.mark.django_db


def let_it_lapse(start):
    """The hold's time is up by our clock."""
    past = timezone.now() - timedelta(minutes=1)
    Order.objects.filter(pk=start.order.pk).update(hold_expires_at=past)
    Payment.objects.filter(pk=start.payment.pk).update(expires_at=past)


def test_the_schedule_names_these_tasks():
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values() if "ticketing" in entry["task"]}
    ours = {
        tasks.expire_holds,
        tasks.resolve_requested_payments,
        tasks.find_paid_sessions,
        tasks.record_missing_charge_money,
        tasks.resolve_refunds,
        tasks.resolve_transfers,
        tasks.work_off_cancellations,
        tasks.recover_receivables,
        tasks.find_refunds,
        tasks.find_disputes,
        tasks.resolve_dispute_answers,
        tasks.tell_of_the_day,
    }
    assert scheduled == {task.name for task in ours}


def test_a_lapsed_hold_is_freed_by_the_task(general, buy):
    let_it_lapse(buy((general, 2)))
    assert tasks.expire_holds() == 1
    general.refresh_from_db()
    assert (general.held, tasks.expire_holds()) == (0, 0)


def test_with_nothing_to_do_they_do_nothing(sandbox, db):
    assert (tasks.resolve_requested_payments(), tasks.record_missing_charge_money()) == (0, 0)


def test_the_command_says_what_it_did(general, buy):
    let_it_lapse(buy((general, 2)))
    out = StringIO()
    call_command("expire_holds", stdout=out)
    assert out.getvalue() == "1 holds expired, 0 payments resolved, 0 refunds resolved.\n"


def test_the_sweeps_over_refunds_find_nothing_where_nothing_is(general, sell):
    sell((general, 1))
    assert (tasks.resolve_refunds(), tasks.recover_receivables(), tasks.find_refunds()) == (0, 0, 0)
