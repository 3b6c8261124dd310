"""Payouts in the Django admin: what their pages say."""

import pytest
from django.urls import reverse

from payouts.services.payouts import sync_payout, sync_platform_payout
from payouts.services.requests import request_payout
from payouts.tests.conftest import control

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(account, manual, fund, sandbox, organizer):
    """One of everything."""
    fund(50_000, fee=20_000)
    request_payout(account.organization, amount=1000, currency="usd", actor=organizer)
    made = control(sandbox, "payouts", account=account.stripe_account_id, outcome="failed")
    sync_platform_payout(control(sandbox, "payouts", account="platform", outcome="paid")["id"])
    return sync_payout(account, made["id"])


def test_the_reason_of_a_failure_and_the_lines_are_shown(paid, client, staff):
    client.force_login(staff)
    listed = client.get(reverse("admin:payouts_organizerpayout_changelist")).content.decode()
    assert "couldn&#x27;t process the payout" in listed
    detail = client.get(reverse("admin:payouts_organizerpayout_change", args=[paid.pk])).content.decode()
    assert "$290.00" in detail
