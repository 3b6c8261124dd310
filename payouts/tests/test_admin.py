"""Payouts in the Django admin: everything can be read, nothing changed."""

import pytest
from django.urls import reverse

from payouts.models import OrganizerPayout, PayoutLine, PayoutRequest, PlatformPayout
from payouts.services.payouts import sync_payout, sync_platform_payout
from payouts.services.requests import request_payout
from payouts.tests.conftest import control

pytestmark = pytest.mark.django_db

MODELS = (OrganizerPayout, PlatformPayout, PayoutLine, PayoutRequest)


@pytest.fixture
def paid(account, manual, fund, sandbox, organizer):
    """One of everything."""
    fund(50_000, fee=20_000)
    request_payout(account.organization, amount=1000, currency="usd", actor=organizer)
    made = control(sandbox, "payouts", account=account.stripe_account_id, outcome="failed")
    sync_platform_payout(control(sandbox, "payouts", account="platform", outcome="paid")["id"])
    return sync_payout(account, made["id"])


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_details_can_be_read(model, paid, client, staff):
    client.force_login(staff)
    name = f"admin:payouts_{model._meta.model_name}"
    assert client.get(reverse(f"{name}_changelist")).status_code == 200
    row = model.objects.first()
    assert client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200


def test_the_reason_of_a_failure_and_the_lines_are_shown(paid, client, staff):
    client.force_login(staff)
    listed = client.get(reverse("admin:payouts_organizerpayout_changelist")).content.decode()
    assert "couldn&#x27;t process the payout" in listed
    detail = client.get(reverse("admin:payouts_organizerpayout_change", args=[paid.pk])).content.decode()
    assert "$290.00" in detail


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_added_changed_or_deleted(model, paid, client, staff):
    client.force_login(staff)
    name, row = f"admin:payouts_{model._meta.model_name}", model.objects.first()
    assert client.get(reverse(f"{name}_add")).status_code == 403
    assert client.post(reverse(f"{name}_change", args=[row.pk]), {"amount": 1}).status_code == 403
    assert client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_somebody_else_sees_nothing(paid, client, organizer):
    client.force_login(organizer)
    assert client.get(reverse("admin:payouts_organizerpayout_changelist")).status_code == 302
