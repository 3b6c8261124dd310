"""dj-stripe as a mirror: fed by a worker, never in the way, without our keys."""

import pytest
from djstripe.models import Account, APIKey

from connect import mirror
from connect.selectors import get_current_account
from connect.tasks import mirror_account

pytestmark = pytest.mark.django_db


def test_a_connected_account_appears_in_the_mirror_and_follows_stripe(
    connected_organization, sandbox, look_up
):
    account = get_current_account(connected_organization)
    mirror_account(account.stripe_account_id)
    assert Account.objects.get().stripe_data["charges_enabled"] is True
    sandbox.control("POST", f"/_sandbox/accounts/{account.stripe_account_id}", {"charges_enabled": False})
    mirror_account(account.stripe_account_id)
    assert Account.objects.get().stripe_data["charges_enabled"] is False
    assert account.stripe_account_id in look_up(Account.objects.get())


def test_the_mirror_keeps_no_api_key_and_asks_only_for_the_account(connected_organization, sandbox):
    account = get_current_account(connected_organization)
    before = len(sandbox.control("GET", "/_sandbox/requests")[1])
    mirror_account(account.stripe_account_id)
    requests = sandbox.control("GET", "/_sandbox/requests")[1][before:]
    assert [request["path"] for request in requests] == [f"/v1/accounts/{account.stripe_account_id}"]
    assert not APIKey.objects.exists()


def test_a_failing_mirror_fails_nothing(connected_organization, monkeypatch, caplog):
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("dj-stripe stumbled")

    monkeypatch.setattr(mirror.Account, "sync_from_stripe_data", broken)
    mirror_account(get_current_account(connected_organization).stripe_account_id)
    assert "mirror_failed" in caplog.text


def test_the_mirror_reaches_stripe_by_the_gateways_address(settings):
    import stripe

    assert stripe.api_base == settings.STRIPE_API_BASE
