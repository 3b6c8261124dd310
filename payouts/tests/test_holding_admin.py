"""Staff hold payouts and release money in the Django admin, with a reason, outside of any transaction."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from connect import gateway
from payouts.models import OrganizerPayout, PayoutHold, PayoutHoldException, PayoutRelease
from payouts.services.holding import hold_payouts
from ticketing.models import Event

pytestmark = pytest.mark.django_db


def add(model: type) -> str:
    return reverse(f"admin:payouts_{model._meta.model_name}_add")


def test_staff_hold_change_and_end(desk, account, staff):
    given = {"organization": account.organization_id, "is_held": "on", "days_after_event": 5, "reason": "New"}
    assert desk.get(add(PayoutHold)).status_code == 200
    assert desk.post(add(PayoutHold), given).status_code == 302
    hold = PayoutHold.objects.get()
    assert (hold.status, hold.days_after_event, hold.set_by) == ("on", 5, staff)
    assert gateway.retrieve_account(account.stripe_account_id).payout_schedule.interval == "manual"
    page = reverse("admin:payouts_payouthold_change", args=[hold.pk])
    assert desk.get(page).status_code == 200
    assert desk.post(page, {"is_held": "on", "days_after_event": 2, "reason": "Known"}).status_code == 302
    assert desk.post(page, {"days_after_event": 2, "reason": "Proven"}).status_code == 302
    hold.refresh_from_db()
    assert (hold.status, hold.days_after_event) == ("off", 2)
    reasons = AuditEntry.objects.filter(action__in=["payout_hold.set", "payout_hold.lifted"]).order_by("id")
    assert [(one.reason, one.actor) for one in reasons] == [
        ("New", staff),
        ("Known", staff),
        ("Proven", staff),
    ]


def test_without_a_reason_nothing_happens(desk, account):
    given = {"organization": account.organization_id, "is_held": "on", "days_after_event": 5, "reason": ""}
    assert desk.post(add(PayoutHold), given).status_code == 200
    assert not PayoutHold.objects.exists()


def test_staff_release_an_event_and_an_amount(desk, account, staff, sell, event):
    hold_payouts(account.organization, days_after_event=5, actor=staff, reason="New")
    Event.objects.update(ends_at=timezone.now() + timedelta(days=30))
    sell(2)
    given = {"organization": account.organization_id, "currency": "usd", "amount": "30.00", "reason": "Rent"}
    given["key"] = str(uuid.uuid4())
    assert desk.get(add(PayoutRelease)).status_code == 200
    for _twice in range(2):
        assert desk.post(add(PayoutRelease), given).status_code == 302
    assert OrganizerPayout.objects.get().amount == 3000
    assert desk.post(add(PayoutHoldException), {"event": event.pk, "reason": "Old friend"}).status_code == 302
    assert OrganizerPayout.objects.last().amount == 9130 - 3000
    for model in (PayoutHold, PayoutHoldException, PayoutRelease):
        name = f"admin:payouts_{model._meta.model_name}"
        assert desk.get(reverse(f"{name}_changelist")).status_code == 200
        assert desk.get(reverse(f"{name}_change", args=[model.objects.first().pk])).status_code == 200


@pytest.mark.parametrize("amount", ["", "abc", "1.005", "99999999999999999999"])
def test_no_amount_is_refused(desk, account, staff, amount):
    hold_payouts(account.organization, days_after_event=5, actor=staff, reason="New")
    given = {"organization": account.organization_id, "currency": "usd", "amount": amount, "reason": "Rent"}
    desk.post(add(PayoutRelease), {**given, "key": str(uuid.uuid4())})
    assert not PayoutRelease.objects.exists()


def test_a_refusal_is_a_message(desk, account):
    given = {"organization": account.organization_id, "currency": "usd", "amount": "30.00", "reason": "Rent"}
    answer = desk.post(add(PayoutRelease), {**given, "key": str(uuid.uuid4())}, follow=True)
    assert "aren&#x27;t held" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_stripe_is_called_outside_of_a_transaction(desk, account, staff, monkeypatch):
    seen = []
    real = gateway.update_payout_schedule

    def watch(*args):
        seen.append(connection.in_atomic_block)
        return real(*args)

    monkeypatch.setattr(gateway, "update_payout_schedule", watch)
    given = {"organization": account.organization_id, "is_held": "on", "days_after_event": 5, "reason": "New"}
    desk.post(add(PayoutHold), given)
    assert seen == [False]
