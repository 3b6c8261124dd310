"""Connected accounts against the sandbox: opening, links, following the state, detaching."""

import contextlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from connect.errors import (
    AlreadyConnected,
    CountryNotSupported,
    GatewayError,
    NotYetKnown,
    OnboardingIncomplete,
    OrganizerNotConnected,
    StripeUnavailable,
)
from connect.models import AccountState, ConnectedAccount
from connect.selectors import get_current_account, payment_status
from connect.services import accounts
from connect.tasks import resolve_account_creations
from maly.crash import install_hook
from maly.errors import Invalid

pytestmark = pytest.mark.django_db


def requests_to(sandbox: Any, path: str, method: str = "POST") -> list[dict[str, Any]]:
    _status, rows = sandbox.control("GET", f"/_sandbox/requests?path={path}")
    return [row for row in rows if row["method"] == method and row["path"] == path]


def set_account(sandbox: Any, account: ConnectedAccount, **changes: Any) -> None:
    status, answer = sandbox.control("POST", f"/_sandbox/accounts/{account.stripe_account_id}", changes)
    assert status == 200, answer


def fail(sandbox: Any, path: str, effect: str, *, times: int = 1, method: str = "POST") -> None:
    fault = {"method": method, "path": path, "effect": effect, "times": times}
    status, answer = sandbox.control("POST", "/_sandbox/faults", fault)
    assert status == 200, answer


def test_the_account_is_express_prefilled_and_asks_for_both_capabilities(organization, organizer, sandbox):
    account, link = accounts.start_onboarding(organization, actor=organizer)
    (request,) = requests_to(sandbox, "/v1/accounts")
    assert request["params"]["controller"] == {
        "losses": {"payments": "application"},
        "fees": {"payer": "application"},
        "requirement_collection": "stripe",
        "stripe_dashboard": {"type": "express"},
    }
    assert set(request["params"]["capabilities"]) == {"card_payments", "transfers"}
    assert request["params"]["email"] == organizer.email
    assert request["params"]["business_profile"]["name"] == organization.name
    assert "type" not in request["params"]
    assert request["headers"]["idempotency_key"] == account.creation_key
    assert account.state == AccountState.ONBOARDING
    assert link.url.startswith("http")
    assert link.expires_at > timezone.now()


def test_the_link_leads_back_to_the_pages_of_the_organization(organization, organizer, sandbox):
    accounts.start_onboarding(organization, actor=organizer)
    (request,) = requests_to(sandbox, "/v1/account_links")
    back = "?organization=harbour-arts"
    assert request["params"]["return_url"] == f"http://testserver/dashboard/settings/payments/return/{back}"
    assert request["params"]["refresh_url"] == f"http://testserver/dashboard/settings/payments/refresh/{back}"
    assert request["params"]["type"] == "account_onboarding"


def test_the_intent_is_committed_before_stripe_hears_of_it(organization, organizer, sandbox):
    seen = []

    def look(point: str) -> None:
        if point == "stripe.create_account.before":
            row = ConnectedAccount.objects.get()
            seen.append((row.stripe_account_id, row.creation_parameters["country"], row.creation_key))
            assert len(connection.savepoint_ids) == savepoints

    savepoints = len(connection.savepoint_ids)
    install_hook(look)
    try:
        accounts.start_onboarding(organization, actor=organizer)
    finally:
        install_hook(None)
    assert seen[0][:2] == (None, "US")


def test_a_second_start_is_refused_while_connected(organization, organizer, sandbox):
    accounts.start_onboarding(organization, actor=organizer)
    with pytest.raises(AlreadyConnected):
        accounts.start_onboarding(organization, actor=organizer)
    assert ConnectedAccount.objects.count() == 1
    assert len(requests_to(sandbox, "/v1/accounts")) == 1


@pytest.mark.django_db(transaction=True)
def test_two_starts_at_once_open_one_account(organization, organizer, sandbox):
    together = threading.Barrier(2)

    def start() -> None:
        together.wait()
        try:
            with contextlib.suppress(AlreadyConnected, StripeUnavailable):
                accounts.start_onboarding(organization, actor=organizer)
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert get_current_account(organization).stripe_account_id
    assert ConnectedAccount.objects.count() == 1
    assert len(sandbox.world.state.values("account")) == 1
    assert AuditEntry.objects.filter(action="connect.account_created").count() == 1


def test_a_country_outside_the_list_is_refused_before_anything_happens(organization, organizer, sandbox):
    with pytest.raises(CountryNotSupported):
        accounts.start_onboarding(organization, actor=organizer, country="FR")
    assert not ConnectedAccount.objects.exists()


def test_an_unknown_outcome_is_repeated_under_its_key_and_finds_one_account(organization, organizer, sandbox):
    fail(sandbox, "/v1/accounts", "timeout_after_success", times=2)
    with pytest.raises(StripeUnavailable):
        accounts.start_onboarding(organization, actor=organizer)
    assert payment_status(organization).state == AccountState.NOT_CONNECTED
    sandbox.control("DELETE", "/_sandbox/faults")
    organization.name = "Renamed meanwhile"
    organization.save(update_fields=["name"])
    account, _link = accounts.start_onboarding(organization, actor=organizer)
    keys = {row["headers"]["idempotency_key"] for row in requests_to(sandbox, "/v1/accounts")}
    assert keys == {account.creation_key}
    assert len(sandbox.world.state.values("account")) == 1


def test_a_server_error_leaves_the_attempt_to_the_sweep(organization, organizer, sandbox):
    fail(sandbox, "/v1/accounts", "error_500")
    with pytest.raises(StripeUnavailable):
        accounts.start_onboarding(organization, actor=organizer)
    resolve_account_creations()
    assert get_current_account(organization).stripe_account_id is None  # younger than a minute
    ConnectedAccount.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    resolve_account_creations()
    resolve_account_creations()
    assert get_current_account(organization).state == AccountState.ONBOARDING
    assert len(sandbox.world.state.values("account")) == 1


def test_an_attempt_older_than_its_key_is_looked_up_not_repeated(organization, organizer, sandbox):
    fail(sandbox, "/v1/accounts", "timeout_after_success", times=2)
    with pytest.raises(StripeUnavailable):
        accounts.start_onboarding(organization, actor=organizer)
    sandbox.control("DELETE", "/_sandbox/faults")
    ConnectedAccount.objects.update(created_at=timezone.now() - timedelta(hours=24))
    sent = len(requests_to(sandbox, "/v1/accounts"))
    resolve_account_creations()
    assert len(requests_to(sandbox, "/v1/accounts")) == sent
    assert get_current_account(organization).stripe_account_id


def test_an_old_attempt_that_never_reached_stripe_ends_and_the_next_start_is_new(
    organization, organizer, sandbox
):
    fail(sandbox, "/v1/accounts", "error_500")
    with pytest.raises(StripeUnavailable):
        accounts.start_onboarding(organization, actor=organizer)
    ConnectedAccount.objects.update(created_at=timezone.now() - timedelta(hours=24))
    resolve_account_creations()
    assert get_current_account(organization) is None
    account, _link = accounts.start_onboarding(organization, actor=organizer)
    assert ConnectedAccount.objects.count() == 2
    assert account.is_current


def test_a_refusal_ends_the_attempt(organization, organizer, sandbox, settings):
    settings.STRIPE_COUNTRIES = ["US", "ZZ"]
    with pytest.raises(StripeUnavailable) as refusal:
        accounts.start_onboarding(organization, actor=organizer, country="ZZ")
    assert "refused" in refusal.value.detail
    assert get_current_account(organization) is None


def test_a_crash_after_the_call_is_mended_by_the_next_start(organization, organizer, sandbox):
    class Killed(BaseException):
        pass

    def kill(point: str) -> None:
        if point == "stripe.create_account.after":
            raise Killed

    install_hook(kill)
    try:
        with pytest.raises(Killed):
            accounts.start_onboarding(organization, actor=organizer)
    finally:
        install_hook(None)
    account, _link = accounts.start_onboarding(organization, actor=organizer)
    assert account.stripe_account_id
    assert len(sandbox.world.state.values("account")) == 1


def test_sync_follows_stripe_in_both_directions(organization, organizer, sandbox):
    account, _link = accounts.start_onboarding(organization, actor=organizer)
    set_account(sandbox, account, complete=True)
    ready = accounts.sync_account(account.stripe_account_id)
    assert ready.state == AccountState.READY
    assert ready.verified_at
    assert ready.onboarding_completed_at
    set_account(
        sandbox,
        account,
        charges_enabled=False,
        capabilities={"transfers": "inactive"},
        requirements={
            "currently_due": ["external_account"],
            "past_due": ["external_account"],
            "disabled_reason": "requirements.past_due",
        },
    )
    restricted = accounts.sync_account(account.stripe_account_id, actor_kind=AuditEntry.Actor.WEBHOOK)
    assert restricted.state == AccountState.RESTRICTED
    assert not payment_status(organization).verified
    entry = AuditEntry.objects.filter(action="connect.account_changed").latest("pk")
    assert (entry.before["state"], entry.after["state"]) == ("ready", "restricted")
    assert entry.actor_kind == "webhook"
    set_account(sandbox, account, complete=True)
    assert accounts.sync_account(account.stripe_account_id).state == AccountState.READY


def test_sync_twice_writes_one_audit_entry(organization, organizer, sandbox):
    account, _link = accounts.start_onboarding(organization, actor=organizer)
    set_account(sandbox, account, complete=True)
    accounts.sync_account(account.stripe_account_id)
    accounts.sync_account(account.stripe_account_id)
    assert AuditEntry.objects.filter(action="connect.account_changed").count() == 1


def test_what_was_read_earlier_never_overwrites_what_was_read_later(organization, organizer, sandbox):
    account, _link = accounts.start_onboarding(organization, actor=organizer)

    def overtake(point: str) -> None:
        if point == "stripe.retrieve_account.after":
            install_hook(None)
            set_account(sandbox, account, complete=True)
            accounts.sync_account(account.stripe_account_id)

    install_hook(overtake)
    try:
        accounts.sync_account(account.stripe_account_id)
    finally:
        install_hook(None)
    assert get_current_account(organization).state == AccountState.READY


def test_an_unknown_account_is_not_yet_known(db, sandbox):
    with pytest.raises(NotYetKnown):
        accounts.sync_account("acct_1Unknown00000000")


def test_links_need_a_connected_account(organization, organizer, sandbox):
    with pytest.raises(OrganizerNotConnected):
        accounts.create_onboarding_link(organization, actor=organizer)
    with pytest.raises(OrganizerNotConnected):
        accounts.create_dashboard_link(organization, actor=organizer)


def test_every_link_is_new(organization, organizer, sandbox):
    _account, first = accounts.start_onboarding(organization, actor=organizer)
    second = accounts.create_onboarding_link(organization, actor=organizer)
    assert first.url != second.url
    assert "acct_" not in second.url


def test_the_dashboard_opens_once_details_are_submitted(organization, organizer, sandbox):
    account, _link = accounts.start_onboarding(organization, actor=organizer)
    with pytest.raises(OnboardingIncomplete):
        accounts.create_dashboard_link(organization, actor=organizer)
    set_account(sandbox, account, complete=True)
    accounts.sync_account(account.stripe_account_id)
    assert accounts.create_dashboard_link(organization, actor=organizer).startswith("http")


def test_disconnecting_needs_the_slug_and_can_be_repeated(connected_organization, organizer):
    with pytest.raises(Invalid):
        accounts.disconnect(connected_organization, actor=organizer, confirm="harbour")
    assert payment_status(connected_organization).is_connected
    for _ in range(2):
        accounts.disconnect(connected_organization, actor=organizer, confirm="harbour-arts")
    status = payment_status(connected_organization)
    assert (status.state, status.is_connected, status.verified) == (AccountState.DISCONNECTED, False, False)
    assert AuditEntry.objects.filter(action="connect.disconnected").count() == 1


def test_there_is_nothing_to_disconnect_before_connecting(organization, organizer, sandbox):
    with pytest.raises(OrganizerNotConnected):
        accounts.disconnect(organization, actor=organizer, confirm="harbour-arts")


def test_connecting_again_attaches_the_kept_account(connected_organization, organizer, sandbox):
    kept = get_current_account(connected_organization)
    accounts.disconnect(connected_organization, actor=organizer, confirm="harbour-arts")
    account, _link = accounts.start_onboarding(connected_organization, actor=organizer)
    assert account == kept
    assert account.state == AccountState.READY
    assert len(requests_to(sandbox, "/v1/accounts")) == 1


def test_connecting_again_makes_a_new_account_when_the_kept_one_is_closed(
    connected_organization, organizer, sandbox
):
    kept = get_current_account(connected_organization)
    set_account(sandbox, kept, deauthorize=True)
    accounts.deauthorize_account(kept.stripe_account_id, at=timezone.now())
    assert get_current_account(connected_organization).state == AccountState.DISCONNECTED
    account, _link = accounts.start_onboarding(connected_organization, actor=organizer)
    assert account.stripe_account_id != kept.stripe_account_id
    kept.refresh_from_db()
    assert not kept.is_current
    assert kept.stripe_account_id


def test_a_deauthorization_from_before_the_last_connection_changes_nothing(connected_organization, organizer):
    account = get_current_account(connected_organization)
    long_ago = account.attached_at - timedelta(minutes=5)
    accounts.deauthorize_account(account.stripe_account_id, at=long_ago)
    assert get_current_account(connected_organization).state == AccountState.READY
    for _ in range(2):
        accounts.deauthorize_account(account.stripe_account_id, at=timezone.now())
    assert get_current_account(connected_organization).state == AccountState.DISCONNECTED
    assert AuditEntry.objects.filter(action="connect.deauthorized").count() == 1
    with pytest.raises(NotYetKnown):
        accounts.deauthorize_account("acct_1Unknown00000000", at=timezone.now())


def test_nothing_raised_shows_a_full_account_id(connected_organization, organizer, sandbox):
    account = get_current_account(connected_organization)
    set_account(sandbox, account, deauthorize=True)
    with pytest.raises(GatewayError) as refusal:
        accounts.sync_account(account.stripe_account_id)
    assert account.stripe_account_id not in str(refusal.value)
