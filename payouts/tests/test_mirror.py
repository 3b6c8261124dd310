"""dj-stripe's copy of payouts: fed by a worker, never in the way, asking Stripe for nothing of its own."""

import pytest
from djstripe.models import APIKey, Payout

from connect import mirror
from payouts.services.payouts import sync_payout
from payouts.tasks import mirror_payout
from payouts.tests.conftest import control

pytestmark = pytest.mark.django_db


def test_a_payout_appears_in_the_mirror_and_follows_stripe(account, fund, pay_out, sandbox, look_up):
    fund()
    payout_id = pay_out()
    mirror_payout(account.stripe_account_id, payout_id)
    assert Payout.objects.get().stripe_data["status"] == "paid"
    control(sandbox, f"payouts/{payout_id}", outcome="failed")
    mirror_payout(account.stripe_account_id, payout_id)
    mirrored = Payout.objects.get()
    assert (mirrored.id, mirrored.status, mirrored.amount) == (payout_id, "failed", 4550)
    assert mirrored.stripe_data["destination"].startswith("ba_")
    assert "failed" in look_up(mirrored)


def test_the_mirror_asks_only_for_the_payout_and_keeps_no_key(account, fund, pay_out, sandbox):
    fund()
    payout_id = pay_out()
    before = len(sandbox.control("GET", "/_sandbox/requests")[1])
    mirror_payout(account.stripe_account_id, payout_id)
    asked = [row["path"] for row in sandbox.control("GET", "/_sandbox/requests")[1][before:]]
    assert asked == [f"/v1/payouts/{payout_id}"]
    assert not APIKey.objects.exists()


def test_a_failing_mirror_fails_nothing(account, fund, pay_out, monkeypatch, caplog):
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("dj-stripe stumbled")

    monkeypatch.setattr(mirror.Payout, "sync_from_stripe_data", broken)
    fund()
    mirror_payout(account.stripe_account_id, pay_out())
    assert "mirror_failed" in caplog.text


def test_the_platforms_own_payout_is_mirrored_too(fund, sandbox):
    fund(50_000, fee=20_000)
    payout_id = control(sandbox, "payouts", account="platform", outcome="paid")["id"]
    mirror_payout("", payout_id)
    assert Payout.objects.get().id == payout_id


def test_a_change_pokes_the_mirror(
    account, fund, pay_out, settings, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    settings.POKE_WORKERS = True
    monkeypatch.setattr(mirror_payout, "apply_async", lambda args, **_options: sent.append(args))
    fund()
    payout_id = pay_out()
    with django_capture_on_commit_callbacks(execute=True):
        sync_payout(account, payout_id)
    assert sent == [(account.stripe_account_id, payout_id)]
