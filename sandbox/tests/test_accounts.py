"""Connected accounts: made, onboarded, restricted, cut off."""

import time
from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.tests.conftest import CONNECT_URL, EXPRESS, PLATFORM_URL, Inbox


def test_a_new_account_can_do_nothing_yet(client: stripe.StripeClient) -> None:
    made = client.v1.accounts.create(
        {"country": "US", "email": "a@example.com", "metadata": {"org": "1"}, **EXPRESS}
    )
    account = client.v1.accounts.retrieve(made.id)
    assert (account.charges_enabled, account.payouts_enabled, account.details_submitted) == (False,) * 3
    assert account.capabilities.to_dict() == {"card_payments": "inactive", "transfers": "inactive"}
    assert "external_account" in account.requirements.currently_due
    assert account.controller.stripe_dashboard.type == "express"
    assert account.metadata["org"] == "1"


def test_the_deprecated_type_makes_an_express_account(client: stripe.StripeClient) -> None:
    account = client.v1.accounts.create({"type": "express", "country": "DE"})
    assert (account.type, account.default_currency) == ("express", "eur")
    assert account.controller.fees.payer == "application_express"


def test_completing_turns_everything_on_and_tells_the_connect_endpoint(
    sandbox: Sandbox, client: stripe.StripeClient, inbox: Inbox
) -> None:
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    status, _answer = sandbox.control("POST", f"/_sandbox/accounts/{account.id}", {"complete": True})
    assert status == 200
    assert sandbox.pump() == 3
    assert inbox.types(CONNECT_URL) == ["account.updated", "capability.updated", "capability.updated"]
    assert inbox.types(PLATFORM_URL) == []
    event = inbox.events("account.updated")[0]
    assert event["account"] == account.id
    assert event["data"]["previous_attributes"]["charges_enabled"] is False
    ready = client.v1.accounts.retrieve(account.id)
    assert (ready.charges_enabled, ready.payouts_enabled, ready.details_submitted) == (True,) * 3
    assert ready.capabilities.transfers == "active"
    assert ready.requirements.currently_due == []


def test_requirements_can_be_set_and_fall_due_by_the_clock(
    sandbox: Sandbox, client: stripe.StripeClient, account: stripe.Account
) -> None:
    deadline = int(time.time()) + 7 * 86400
    requirements = {"currently_due": ["external_account"], "current_deadline": deadline}
    sandbox.control("POST", f"/_sandbox/accounts/{account.id}", {"requirements": requirements})
    assert client.v1.accounts.retrieve(account.id).payouts_enabled
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 8 * 86400})
    due = client.v1.accounts.retrieve(account.id)
    assert due.requirements.past_due == ["external_account"]
    assert due.requirements.disabled_reason == "requirements.past_due"
    assert not due.payouts_enabled
    assert due.capabilities.transfers == "inactive"


def test_a_working_account_with_something_due_has_a_date(
    sandbox: Sandbox, client: stripe.StripeClient, account: stripe.Account
) -> None:
    path = f"/_sandbox/accounts/{account.id}"
    sandbox.control("POST", path, {"requirements": {"currently_due": ["external_account"]}})
    due = client.v1.accounts.retrieve(account.id).requirements
    assert due.current_deadline is not None
    assert due.current_deadline > time.time()
    assert due.eventually_due == ["external_account"]
    sandbox.control("POST", path, {"requirements": {"currently_due": []}})
    met = client.v1.accounts.retrieve(account.id).requirements
    assert (met.current_deadline, met.eventually_due) == (None, [])
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 30 * 86400})
    assert client.v1.accounts.retrieve(account.id).payouts_enabled


def test_a_disabled_reason_turns_off_what_is_not_mentioned(
    sandbox: Sandbox, client: stripe.StripeClient, account: stripe.Account
) -> None:
    body = {"requirements": {"disabled_reason": "rejected.fraud"}, "payouts_enabled": True}
    sandbox.control("POST", f"/_sandbox/accounts/{account.id}", body)
    rejected = client.v1.accounts.retrieve(account.id)
    assert (rejected.charges_enabled, rejected.payouts_enabled) == (False, True)
    assert rejected.requirements.disabled_reason == "rejected.fraud"


@pytest.mark.parametrize(
    "body",
    [
        {"charges_enabled": "yes"},
        {"requirements": []},
        {"requirements": {"currently_due": "x"}},
        {"requirements": {"wrong": []}},
        {"capabilities": {"transfers": "on"}},
        {"wrong": True},
        {"outcome": "lucky"},
    ],
)
def test_wrong_control_bodies_are_refused_and_change_nothing(
    sandbox: Sandbox, client: stripe.StripeClient, account: stripe.Account, body: Any
) -> None:
    before = client.v1.accounts.retrieve(account.id).to_dict()
    status, answer = sandbox.control("POST", f"/_sandbox/accounts/{account.id}", body)
    assert status == 400
    assert answer["error"]["message"]
    assert client.v1.accounts.retrieve(account.id).to_dict() == before


def test_a_deauthorized_account_is_forbidden_from_then_on(
    sandbox: Sandbox, client: stripe.StripeClient, account: stripe.Account, inbox: Inbox
) -> None:
    sandbox.control("POST", f"/_sandbox/accounts/{account.id}", {"deauthorize": True})
    sandbox.pump()
    event = inbox.events("account.application.deauthorized")[0]
    assert event["account"] == account.id
    assert event["data"]["object"]["object"] == "application"
    for call in (
        lambda: client.v1.accounts.retrieve(account.id),
        lambda: client.v1.balance.retrieve(options={"stripe_account": account.id}),
        lambda: client.v1.accounts.login_links.create(account.id),
    ):
        with pytest.raises(stripe.PermissionError) as caught:
            call()
        assert caught.value.http_status == 403
        assert caught.value.json_body["error"]["code"] == "account_invalid"
    assert client.v1.accounts.list().data == []


def test_a_deleted_or_unknown_account_is_forbidden(
    client: stripe.StripeClient, account: stripe.Account
) -> None:
    assert client.v1.accounts.delete(account.id).deleted
    for unknown in (account.id, "acct_unknown"):
        with pytest.raises(stripe.PermissionError):
            client.v1.accounts.retrieve(unknown)


def test_an_update_merges_and_tells(
    client: stripe.StripeClient, account: stripe.Account, sandbox: Sandbox
) -> None:
    client.v1.accounts.update(account.id, {"metadata": {"a": "1", "b": "2"}})
    changed = client.v1.accounts.update(
        account.id,
        {
            "metadata": {"a": ""},
            "business_profile": {"name": "Harbour Arts"},
            "settings": {"payouts": {"schedule": {"interval": "weekly", "weekly_anchor": "friday"}}},
        },
    )
    assert changed.metadata.to_dict() == {"b": "2"}
    assert changed.business_profile.name == "Harbour Arts"
    assert changed.settings.payouts.schedule.weekly_anchor == "friday"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.accounts.update(
            account.id, {"settings": {"payouts": {"schedule": {"interval": "daily", "monthly_anchor": 3}}}}
        )


def test_capabilities_are_objects_too(client: stripe.StripeClient, account: stripe.Account) -> None:
    listed = client.v1.accounts.capabilities.list(account.id)
    assert [one.id for one in listed.data] == ["card_payments", "transfers"]
    assert client.v1.accounts.capabilities.retrieve(account.id, "transfers").status == "active"


def test_links_hide_the_account_and_ask_for_both_addresses(
    client: stripe.StripeClient, account: stripe.Account
) -> None:
    urls: Any = {"refresh_url": "http://product.test/refresh", "return_url": "http://product.test/return"}
    link = client.v1.account_links.create({"account": account.id, "type": "account_onboarding", **urls})
    assert account.id not in link.url
    assert 290 <= link.expires_at - time.time() <= 301
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.account_links.create({"account": account.id, "type": "account_onboarding"})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.account_links.create({"account": account.id, "type": "account_update", **urls})


def test_a_login_link_needs_submitted_details(client: stripe.StripeClient, account: stripe.Account) -> None:
    assert account.id not in client.v1.accounts.login_links.create(account.id).url
    fresh = client.v1.accounts.create({"country": "US", **EXPRESS})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.accounts.login_links.create(fresh.id)


def test_the_platform_has_an_account_that_is_not_a_connected_one(client: stripe.StripeClient) -> None:
    own = client.v1.accounts.retrieve_current()
    assert own.charges_enabled
    assert client.v1.accounts.list().data == []
