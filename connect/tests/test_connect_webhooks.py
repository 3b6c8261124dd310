"""Stripe's webhooks: what is taken, what is refused, and what the events of connected accounts do."""

import json
import threading
import time

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from connect import gateway
from connect.models import AccountState, StripeEvent
from connect.selectors import get_current_account
from connect.services import accounts, inbox
from connect.tasks import process_due_events, process_stripe_event
from connect.tests.webhook_calls import CONNECT, CONNECT_SECRET, PLATFORM, deliver, make_event, sign

pytestmark = pytest.mark.django_db


def code_of(response) -> str:
    return response.json()["errors"][0]["code"]


# --- the view


@pytest.mark.parametrize("path", [CONNECT, "/api/webhooks/stripe-connect"])
def test_a_signed_event_of_an_account_is_stored_once_at_either_path(path):
    assert deliver(make_event(), path=path).status_code == 200
    assert deliver(make_event(), path=CONNECT).status_code == 200
    event = StripeEvent.objects.get()
    assert (event.endpoint, event.event_id, event.account) == (
        "connect",
        "evt_1Example",
        "acct_1Example00000000",
    )
    assert (event.status, event.attempts, event.object_id) == ("received", 0, "acct_1Example00000000")


def test_a_platform_event_is_stored_at_the_platform_path():
    event = make_event("checkout.session.completed", account=None)
    assert deliver(event, path=PLATFORM).status_code == 200
    assert StripeEvent.objects.get().endpoint == "platform"


def test_an_unknown_type_is_stored_and_answered_with_200():
    assert deliver(make_event("v9.unknown.thing")).status_code == 200
    process_due_events()
    assert StripeEvent.objects.get().status == "ignored"


def test_storing_is_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert deliver(make_event()).status_code == 200


@pytest.mark.parametrize(
    "signature",
    ["", "t=1,v1=00", "nonsense", "t=abc,v1=00", "v1=00", f"t={int(time.time())}", "t=,v1="],
    ids=["empty", "old", "nonsense", "no-number", "no-time", "no-scheme", "no-values"],
)
def test_a_wrong_signature_is_refused_and_nothing_is_stored(signature):
    response = deliver(make_event(), signature=signature)
    assert response.status_code == 400
    assert code_of(response) == "bad_webhook"
    assert not StripeEvent.objects.exists()


def test_a_missing_signature_is_refused():
    body = json.dumps(make_event()).encode()
    assert Client().post(CONNECT, body, content_type="application/json").status_code == 400
    assert not StripeEvent.objects.exists()


def test_the_other_endpoints_secret_is_refused():
    assert deliver(make_event(), secret="whsec_test_platform").status_code == 400
    assert deliver(make_event(account=None), path=PLATFORM, secret=CONNECT_SECRET).status_code == 400


def test_the_previous_secret_counts_while_one_is_rolled(settings):
    settings.STRIPE_CONNECT_WEBHOOK_SECRET_PREVIOUS = CONNECT_SECRET
    settings.STRIPE_CONNECT_WEBHOOK_SECRET = "whsec_new"
    assert deliver(make_event()).status_code == 200
    assert deliver(make_event(id="evt_2"), secret="whsec_new").status_code == 200
    assert deliver(make_event(id="evt_3"), secret="whsec_other").status_code == 400


def test_an_endpoint_without_a_secret_takes_nothing(settings):
    settings.STRIPE_CONNECT_WEBHOOK_SECRET = ""
    assert deliver(make_event(), secret="").status_code == 400


def test_the_request_cannot_choose_the_secret():
    body = json.dumps(make_event()).encode()
    headers = {"Stripe-Signature": sign(body, "whsec_mine"), "X-Djstripe-Webhook-Secret": "whsec_mine"}
    assert Client(headers=headers).post(CONNECT, body, content_type="application/json").status_code == 400


@pytest.mark.parametrize(("age", "status"), [(-290, 200), (290, 200), (-320, 400), (320, 400)])
def test_a_timestamp_off_by_more_than_five_minutes_is_refused_on_both_sides(age, status):
    body = json.dumps(make_event()).encode()
    signature = sign(body, CONNECT_SECRET, at=int(time.time()) + age)
    assert deliver(body, signature=signature).status_code == status


def test_a_changed_body_is_refused():
    body = json.dumps(make_event()).encode()
    assert deliver(body + b" ", signature=sign(body, CONNECT_SECRET)).status_code == 400


def test_an_event_of_the_wrong_mode_is_refused():
    assert deliver(make_event(livemode=True)).status_code == 400
    assert not StripeEvent.objects.exists()


def test_an_event_of_the_other_endpoints_scope_is_refused():
    assert deliver(make_event(account=None)).status_code == 400
    assert deliver(make_event(), path=PLATFORM).status_code == 400
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"1",
        b"null",
        b"{}",
        json.dumps(make_event(id=None)).encode(),
        json.dumps(make_event(id="")).encode(),
        json.dumps(make_event(id=["evt"])).encode(),
        json.dumps(make_event(id="e" * 200)).encode(),
        json.dumps(make_event(id="evt_\x00")).encode(),
        json.dumps(make_event(id="evt_\ud800")).encode(),
        json.dumps(make_event(created="today")).encode(),
        json.dumps(make_event(created=10**20)).encode(),
        json.dumps(make_event(livemode="false")).encode(),
        json.dumps(make_event(data=None)).encode(),
        json.dumps(make_event(data={"object": []})).encode(),
        json.dumps(make_event(data={"object": {"id": 5}})).encode(),
        json.dumps(make_event(account={"id": "acct_1"})).encode(),
        json.dumps(make_event(object="v2.core.event")).encode(),
        json.dumps(make_event(extra=float("nan"))).encode(),
    ],
    ids=range(22),
)
def test_a_signed_body_that_is_no_event_is_refused(body):
    response = deliver(body)
    assert response.status_code == 400, response.content
    assert not StripeEvent.objects.exists()


def test_a_body_over_512_kb_is_refused_before_it_is_read():
    response = deliver(make_event(padding="x" * 513 * 1024))
    assert response.status_code == 413
    assert deliver(make_event(padding="x" * 2_000_000)).status_code == 413
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_only_post_is_taken(method):
    assert getattr(Client(), method)(CONNECT).status_code == 405


def test_it_answers_503_when_the_database_cannot_store_the_event(monkeypatch):
    def broken() -> None:
        raise OperationalError("the database is gone")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", broken)
        response = deliver(make_event())
    assert response.status_code == 503
    assert response["Retry-After"]


@pytest.mark.django_db(transaction=True)
def test_fifty_deliveries_at_once_store_one_event_and_handle_it_once(connected_organization, sandbox):
    account = get_current_account(connected_organization)
    set_account(sandbox, account, payouts_enabled=False)
    event = make_event(account=account.stripe_account_id)
    statuses: list[int] = []
    together = threading.Barrier(50)

    def run() -> None:
        together.wait()
        try:
            statuses.append(deliver(event).status_code)
            process_due_events()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 50
    stored = StripeEvent.objects.get()
    assert (stored.status, stored.attempts) == ("processed", 1)
    assert AuditEntry.objects.filter(action="connect.account_changed", actor_kind="webhook").count() == 1


# --- the handlers


def set_account(sandbox, account, **changes) -> None:
    status, answer = sandbox.control("POST", f"/_sandbox/accounts/{account.stripe_account_id}", changes)
    assert status == 200, answer


def test_onboarding_on_the_hosted_page_makes_the_account_ready(organization, organizer, sandbox, settle):
    account, _link = accounts.start_onboarding(organization, actor=organizer)
    set_account(sandbox, account, complete=True)
    assert get_current_account(organization).state == AccountState.ONBOARDING
    settle()
    assert get_current_account(organization).state == AccountState.READY
    assert not StripeEvent.objects.exclude(status__in=["processed", "ignored"]).exists()


@pytest.mark.parametrize("mode", ["duplicate", "reverse", "shuffle"])
def test_the_order_and_number_of_deliveries_do_not_matter(organization, organizer, sandbox, settle, mode):
    account, _link = accounts.start_onboarding(organization, actor=organizer)
    set_account(sandbox, account, complete=True)
    set_account(sandbox, account, payouts_enabled=False)
    sandbox.control("POST", "/_sandbox/delivery", {"mode": mode, "seed": 7})
    settle()
    seen = get_current_account(organization)
    assert (seen.payouts_enabled, seen.charges_enabled) == (False, True)
    assert seen.state == AccountState.RESTRICTED


def test_the_payload_is_only_a_hint(connected_organization):
    account = get_current_account(connected_organization)
    forged = {"id": account.stripe_account_id, "object": "account", "charges_enabled": False}
    deliver(make_event(account=account.stripe_account_id, data={"object": forged}))
    process_due_events()
    assert get_current_account(connected_organization).charges_enabled


def test_capability_updated_reads_the_account_again(connected_organization, sandbox):
    account = get_current_account(connected_organization)
    set_account(sandbox, account, capabilities={"transfers": "inactive"})
    capability = {"id": "transfers", "object": "capability", "account": account.stripe_account_id}
    event = make_event("capability.updated", account=account.stripe_account_id, data={"object": capability})
    deliver(event)
    process_due_events()
    assert get_current_account(connected_organization).transfers_status == "inactive"


def test_deauthorization_disconnects_without_reading_the_account(connected_organization, sandbox, settle):
    account = get_current_account(connected_organization)
    set_account(sandbox, account, deauthorize=True)
    settle()
    assert get_current_account(connected_organization).state == AccountState.DISCONNECTED
    event = StripeEvent.objects.get(type="account.application.deauthorized")
    assert event.status == "processed"


def test_an_update_of_a_closed_account_is_ignored(connected_organization, sandbox):
    account = get_current_account(connected_organization)
    set_account(sandbox, account, deauthorize=True)
    deliver(make_event(account=account.stripe_account_id))
    process_due_events()
    assert StripeEvent.objects.get().status == "ignored"


def test_an_event_of_an_account_that_is_not_yet_ours_waits(sandbox):
    deliver(make_event())
    process_due_events()
    event = StripeEvent.objects.get()
    assert (event.status, event.attempts) == ("received", 1)
    assert event.error.startswith("Not yet known")
    assert event.lease_until is None


def test_a_poke_for_an_event_that_is_done_does_nothing(connected_organization):
    deliver(make_event(account=get_current_account(connected_organization).stripe_account_id))
    event_pk = StripeEvent.objects.get().pk
    process_stripe_event(event_pk)
    process_stripe_event(event_pk)
    event = StripeEvent.objects.get()
    assert (event.status, event.attempts) == ("processed", 1)
    assert inbox.process_event(event_pk) == "processed"
    assert event.processed_at <= timezone.now()


# --- payouts, seen as an organizer sees them


@pytest.fixture
def pay_out(connected_organization, sandbox, request):
    """Stripe pays $45.50 out to the organizer, and it ends as told."""
    request.node.add_marker(pytest.mark.unsettled("no payment of ours brought this money"))

    def run(outcome: str, **more: str) -> dict[str, str]:
        account = get_current_account(connected_organization).stripe_account_id
        intent = {"application_fee_amount": 450, "transfer_data": {"destination": account}}
        session = gateway.create_checkout_session(
            {
                "mode": "payment",
                "success_url": "http://testserver/",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": "usd",
                            "unit_amount": 5000,
                            "product_data": {"name": "A ticket"},
                        },
                    }
                ],
                "payment_intent_data": intent,
            },
            idempotency_key="checkout-1",
        )
        at_once = {"card": "4000000000000077"}
        assert sandbox.control("POST", f"/_sandbox/checkout/{session.id}/pay", at_once)[0] == 200
        sandbox.pump()
        body = {"account": account, "outcome": outcome, **more}
        status, payout = sandbox.control("POST", "/_sandbox/payouts", body)
        assert status == 200, payout
        return payout

    return run


def the_payout(client):
    (row,) = client.get("/api/organizations/harbour-arts/payouts").json()["results"]
    return row


def test_payout_paid_is_shown_to_the_organizer(pay_out, api, organizer, settle):
    made = pay_out("paid")
    settle()
    seen = the_payout(api(organizer))
    assert (seen["id"], seen["amount"], seen["currency"], seen["status"]) == (
        made["id"],
        4550,
        "usd",
        "paid",
    )
    assert (seen["failure_code"], seen["failure_message"]) == (None, None)


def test_payout_failed_is_shown_with_its_reason(pay_out, api, organizer, settle):
    pay_out("failed", failure_code="account_closed")
    settle()
    seen = the_payout(api(organizer))
    assert (seen["status"], seen["failure_code"]) == ("failed", "account_closed")
    assert "closed" in seen["failure_message"]


@pytest.mark.parametrize("mode", ["duplicate", "reverse", "shuffle"])
def test_a_payout_that_fails_after_it_was_paid_is_failed_in_every_order(
    pay_out, api, organizer, sandbox, settle, mode
):
    sandbox.control("POST", "/_sandbox/delivery", {"mode": mode, "seed": 7})
    made = pay_out("paid")
    failed = {"outcome": "failed", "failure_code": "no_account"}
    assert sandbox.control("POST", f"/_sandbox/payouts/{made['id']}", failed)[0] == 200
    settle()
    seen = the_payout(api(organizer))
    assert (seen["status"], seen["failure_code"]) == ("failed", "no_account")
