"""Nothing personal and nothing secret gets into a log or onto an error page, whatever people and Stripe send."""

import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import Organization, User
from maly.tests.server import CHECKOUT, CONNECT_HOOK, CREATE, Caller, Site, make_webhook, sign
from ticketing.models import Order

EMAIL, NAME = "canary.bird@example.com", "Zebulon Canarybird"
SECRET = "sk_test_canarycanarycanarycanary"
PASSWORD = "canary-password-in-the-coal-mine"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Everything that is logged during the test, as the product's own handler writes it."""
    written = StringIO()
    console = next(
        one for one in logging.getLogger().handlers if "structlog" in type(one.formatter).__module__
    )
    recorder = logging.StreamHandler(written)
    recorder.setFormatter(console.formatter)
    logging.getLogger().addHandler(recorder)
    yield written
    logging.getLogger().removeHandler(recorder)


def secrets_of(site: Site, *tokens: str) -> list[str]:
    """What must not be written anywhere: people, keys, tokens, ids of accounts."""
    order_keys = list(Order.objects.values_list("key", flat=True))
    accounts = [account["id"] for account in site.accounts_at_stripe()]
    return [
        EMAIL,
        NAME,
        SECRET,
        PASSWORD,
        settings.STRIPE_SECRET_KEY,
        settings.STRIPE_WEBHOOK_SECRET,
        settings.STRIPE_CONNECT_WEBHOOK_SECRET,
        settings.SECRET_KEY,
        settings.TICKET_SIGNING_KEY,
        "4242424242424242",
        *tokens,
        *order_keys,
        *accounts,
    ]


def assert_says_none_of(text: str, secrets: list[str]) -> None:
    assert [secret for secret in secrets if secret and secret in text] == []


def token_of(client: Caller) -> str:
    return client.headers["Authorization"].removeprefix("Token ")


def test_a_whole_purchase_logs_nobody(log: StringIO, site: Site, seller: Caller, event: str) -> None:
    started = site.check_out(event, email=EMAIL, name=NAME)
    site.pay(started, "4000000000000002")
    site.pay(started)
    site.order(started)
    site.visitor().get(f"/o/{started['order']['code']}/?key={started['order']['key']}")
    site.visitor().get(f"/payment-success?session_id={started['session_id']}")
    text = log.getvalue()
    assert f"order_paid order={started['order']['code']}" in text
    assert_says_none_of(text, secrets_of(site, token_of(seller)))


def test_failures_on_stripes_side_log_no_key_and_no_account(
    log: StringIO, site: Site, owner: Caller, organization: Organization
) -> None:
    for effect in ("error_500", "error_429", "drop_connection"):
        site.control("faults", {"path": "/v1/", "effect": effect, "times": 3})
        owner.post(CREATE, {"organization": organization.slug})
        site.stripe.ask("DELETE", "/_sandbox/faults")
    site.onboard(owner, organization=organization.slug)
    event = site.make_event(owner, organization.slug)
    site.control("faults", {"path": "/v1/checkout", "effect": "error_500"})
    site.visitor().post(CHECKOUT, site.cart(event, email=EMAIL, name=NAME))
    account_id = site.accounts_at_stripe()[0]["id"]
    site.control(f"accounts/{account_id}", {"deauthorize": True})
    site.settle()
    text = log.getvalue()
    assert "stripe_error" in text
    assert_says_none_of(text, secrets_of(site, token_of(owner), account_id))


def test_what_is_refused_is_not_quoted_in_the_log_or_the_answer(
    log: StringIO, site: Site, buyer: User
) -> None:
    body = make_webhook(padding=EMAIL)
    signature = sign(body, "whsec_canarycanarycanary")
    refused = [
        site.visitor().post("/api/auth/token", {"email": EMAIL, "password": PASSWORD}),
        site.visitor().post(CREATE, {}, Authorization=f"Token {SECRET}"),
        site.visitor().post(CREATE, {}, Authorization=f"Bearer {SECRET}"),
        site.visitor().post(CHECKOUT, {"event": NAME, "email": EMAIL, "items": SECRET}),
        site.visitor().get(f"/no-such-page/?email={EMAIL}&key={SECRET}"),
        site.visitor().get(f"/o/M-0000000/?key={SECRET}"),
        site.send_webhook(CONNECT_HOOK, body, signature),
    ]
    assert all(400 <= answer.status_code < 500 for answer in refused)
    secrets = [EMAIL, SECRET, PASSWORD, signature, signature.partition("v1=")[2]]
    assert_says_none_of(log.getvalue(), secrets)
    assert_says_none_of("".join(answer.text for answer in refused), [SECRET, PASSWORD, signature])


def test_a_crash_shows_no_details_and_logs_no_secrets(
    log: StringIO, site: Site, monkeypatch: pytest.MonkeyPatch, seller: Caller
) -> None:
    def crash(*_arguments: Any, **_named: Any) -> None:
        raise RuntimeError(f"{EMAIL} with {SECRET} paid acct_1Canary0000000bird by 4242 4242 4242 4242")

    monkeypatch.setattr("django.template.loader.get_template", crash)
    monkeypatch.setattr("django.shortcuts.loader.render_to_string", crash)
    answer = site.visitor().get(f"/?q={SECRET}", Cookie="sessionid=canarycanarycanarycanarycanarycan")
    assert answer.status_code == 500
    hidden = [
        EMAIL,
        SECRET,
        "acct_1Canary0000000bird",
        "4242 4242 4242 4242",
        "canarycanarycanarycanarycanarycan",
    ]
    assert "RuntimeError" in log.getvalue()
    assert_says_none_of(log.getvalue(), hidden)
    assert_says_none_of(answer.text, [*hidden, "Traceback", "RuntimeError"])


@pytest.mark.django_db
def test_a_row_that_the_database_refuses_is_not_quoted_in_the_log(log: StringIO) -> None:
    nobody = User(email=EMAIL, name=NAME, password=None)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        nobody.save()
    assert NAME in str(refused.value)
    logging.getLogger("connect").warning("event_failed", exc_info=refused.value)
    assert "IntegrityError" in log.getvalue()
    assert_says_none_of(log.getvalue(), [EMAIL, NAME])
