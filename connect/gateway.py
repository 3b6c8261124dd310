"""The only place that talks to Stripe: our own types in and out, our own errors, retries, timeouts, keys.

No function here may be called inside a transaction. What makes something at Stripe carries an idempotency key that
is stored with one of our rows; links are new on each call. Outside `patiently()` a call is made for somebody who
waits, and is tried twice at most. The calls about money that goes back are in `refund_calls`, made by the same `call`.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
import stripe
from django.conf import settings
from django.utils.translation import gettext as _

from connect.errors import (
    BadSignature,
    GatewayBusy,
    GatewayError,
    GatewayRefused,
    GatewayUnavailable,
    SessionNotOpen,
    StripeUnavailable,
)
from connect.stripe_objects import (
    Account,
    AccountLink,
    Balance,
    BalanceTransaction,
    Charge,
    Payout,
    PayoutSchedule,
    Session,
    hide_ids,
)
from maly.crash import crash_point

logger = logging.getLogger(__name__)
stripe.enable_telemetry = False

CONNECT_TIMEOUT_SECONDS = 3.05
TRIES_IN_A_REQUEST = 2
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 8.0
SIGNATURE_TOLERANCE_SECONDS = 300
API_VERSION: str = stripe.api_version  # the SDK's own, and that of the webhook endpoints
_is_patient: ContextVar[bool] = ContextVar("is_patient", default=False)

# Stripe Express by its controller properties; `type=express` is deprecated (docs.stripe.com/connect).
EXPRESS = {
    "losses": {"payments": "application"},
    "fees": {"payer": "application"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "express"},
}


@contextmanager
def patiently() -> Iterator[None]:
    """For workers, where nobody waits: calls inside are retried settings.STRIPE_MAX_RETRIES times."""
    token = _is_patient.set(True)
    try:
        yield
    finally:
        _is_patient.reset(token)


@contextmanager
def answering_people() -> Iterator[None]:
    """Turn what the gateway raises into the answer that clients know: STRIPE_UNAVAILABLE, 502."""
    try:
        yield
    except GatewayRefused as error:
        raise StripeUnavailable(_("Stripe refused: %(message)s") % {"message": error.message}) from error
    except GatewayError as error:
        raise StripeUnavailable from error


# --- accounts


def create_account(
    *, organization_slug: str, name: str, email: str, country: str, idempotency_key: str
) -> Account:
    """Open an Express account that can take card payments and transfers (docs.stripe.com/api/accounts/create)."""
    parameters = {
        "country": country,
        "email": email,
        "controller": EXPRESS,
        "capabilities": {"card_payments": {"requested": True}, "transfers": {"requested": True}},
        "business_profile": {"name": name},
        "metadata": {"organization": organization_slug, "creation_key": idempotency_key},
    }
    options = {"idempotency_key": idempotency_key}
    return Account.parse(
        call("create_account", lambda client: client.v1.accounts.create(parameters, options))
    )


def retrieve_account(account_id: str) -> Account:
    """The account as it is now. A closed or foreign one is refused with status 403 or 404."""
    return Account.parse(call("retrieve_account", lambda client: client.v1.accounts.retrieve(account_id)))


def find_account(creation_key: str, *, created_after: datetime) -> Account | None:
    """The account that was made under a key too old to repeat, or None."""
    since = {"created": {"gte": int(created_after.timestamp())}, "limit": 100}
    found: list[Any] = []

    def look_up(client: Any) -> Any:
        for account in client.v1.accounts.list(since).auto_paging_iter():
            if Account.parse(account.to_dict()).creation_key == creation_key:
                found.append(account)
                break
        return found[0] if found else None

    data = call("find_account", look_up)
    return Account.parse(data) if data else None


def create_account_link(account_id: str, *, refresh_url: str, return_url: str) -> AccountLink:
    """A new single-use link to Stripe's onboarding; Stripe lets it expire after minutes."""
    parameters = {
        "account": account_id,
        "type": "account_onboarding",
        "refresh_url": refresh_url,
        "return_url": return_url,
    }
    return AccountLink.parse(
        call("create_account_link", lambda client: client.v1.account_links.create(parameters))
    )


def create_login_link(account_id: str) -> str:
    """A one-time address of the account's Express dashboard."""
    link = call("create_login_link", lambda client: client.v1.accounts.login_links.create(account_id))
    return str(link["url"])


# --- checkout and charges


def create_checkout_session(parameters: dict[str, Any], *, idempotency_key: str) -> Session:
    """Open a Checkout Session with exactly the parameters that the payment has stored."""
    options = {"idempotency_key": idempotency_key}
    return Session.parse(
        call(
            "create_checkout_session", lambda client: client.v1.checkout.sessions.create(parameters, options)
        )
    )


def retrieve_session(session_id: str) -> Session:
    """The session as it is now, with its payment intent and newest charge."""
    expand = {"expand": ["payment_intent.latest_charge"]}
    return Session.parse(
        call("retrieve_session", lambda client: client.v1.checkout.sessions.retrieve(session_id, expand))
    )


def expire_session(session_id: str) -> Session:
    """Close an open session for good; raises SessionNotOpen when it is complete or expired already."""
    try:
        return Session.parse(
            call("expire_session", lambda client: client.v1.checkout.sessions.expire(session_id))
        )
    except GatewayRefused as error:
        if error.status != 400:
            raise
        raise SessionNotOpen(error.message, code=error.code, param=error.param) from error


def retrieve_charge(charge_id: str) -> Charge:
    """The charge as it is now, with Stripe's fee once it is booked."""
    expand = {"expand": ["balance_transaction"]}
    return Charge.parse(call("retrieve_charge", lambda client: client.v1.charges.retrieve(charge_id, expand)))


# --- balances and payouts: of a connected account, or with "" of the platform


def retrieve_balance(account_id: str) -> Balance:
    """What Stripe holds for an account now, available and pending by currency."""
    options = _on_behalf_of(account_id)
    return Balance.parse(call("retrieve_balance", lambda client: client.v1.balance.retrieve(options=options)))


def update_payout_schedule(account_id: str, schedule: PayoutSchedule) -> Account:
    """Set when Stripe pays an account out; setting the same again changes nothing, so there is no key."""
    parameters: dict[str, Any] = {"settings": {"payouts": {"schedule": schedule.as_parameters()}}}
    return Account.parse(
        call("update_payout_schedule", lambda client: client.v1.accounts.update(account_id, parameters))
    )


def create_payout(
    account_id: str, *, amount: int, currency: str, request: str, idempotency_key: str
) -> Payout:
    """Pay out `amount` minor units of an account's available balance; `request` marks it as ours."""
    parameters: dict[str, Any] = {"amount": amount, "currency": currency, "metadata": {"request": request}}
    options = {"idempotency_key": idempotency_key, **_on_behalf_of(account_id)}
    return Payout.parse(call("create_payout", lambda client: client.v1.payouts.create(parameters, options)))


def retrieve_payout(account_id: str, payout_id: str) -> Payout:
    """The payout as it is now, with its bank, and the movement that brought its money back if it failed."""
    expand = {"expand": ["failure_balance_transaction", "destination"]}
    options = _on_behalf_of(account_id)
    return Payout.parse(
        call("retrieve_payout", lambda client: client.v1.payouts.retrieve(payout_id, expand, options))
    )


def list_payouts(account_id: str, *, created_after: datetime) -> list[Payout]:
    """The account's payouts since a moment, newest first."""
    since = {"created": {"gte": int(created_after.timestamp())}, "limit": 100}
    options = _on_behalf_of(account_id)
    rows = call_list("list_payouts", lambda client: client.v1.payouts.list(since, options))
    return [Payout.parse(row) for row in rows]


def list_payout_transactions(account_id: str, payout_id: str) -> list[BalanceTransaction]:
    """What Stripe says an automatic payout is made of, the payout itself left out; refused for a manual one."""
    wanted = {"payout": payout_id, "limit": 100, "expand": ["data.source"]}
    return [row for row in _list_transactions(account_id, wanted) if row.source_id != payout_id]


def list_settled_transactions(
    account_id: str, *, currency: str, created_after: datetime | None
) -> list[BalanceTransaction]:
    """An account's movements in one currency whose money is available, from a moment on, newest first."""
    wanted: dict[str, Any] = {"currency": currency, "limit": 100, "expand": ["data.source"]}
    if created_after:
        wanted["created"] = {"gte": int(created_after.timestamp())}
    return [row for row in _list_transactions(account_id, wanted) if row.status == "available"]


def _list_transactions(account_id: str, wanted: dict[str, Any]) -> list[BalanceTransaction]:
    options = _on_behalf_of(account_id)
    rows = call_list(
        "list_balance_transactions", lambda client: client.v1.balance_transactions.list(wanted, options)
    )
    return [BalanceTransaction.parse(row) for row in rows]


def _on_behalf_of(account_id: str) -> dict[str, Any]:
    return {"stripe_account": account_id} if account_id else {}


# --- events


def construct_event(body: bytes, signature: str, secrets: list[str]) -> dict[str, Any]:
    """The event in a webhook's body, signed with any of the endpoint's secrets (two while one is rolled).

    Raises BadSignature for a signature that is missing, wrong or more than 300 seconds off either way (the SDK checks
    only the past), and ValueError for a signed body that is no JSON object.
    """
    for secret in filter(None, secrets):
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(text, signature, secret, SIGNATURE_TOLERANCE_SECONDS)
        except (stripe.SignatureVerificationError, UnicodeError):
            continue
        _refuse_the_future(signature)
        event = json.loads(text, parse_constant=_refuse_constant)
        if not isinstance(event, dict):
            raise ValueError("The body is no JSON object.")
        return event
    raise BadSignature


def _refuse_constant(name: str) -> NoReturn:
    """Python reads NaN and Infinity, which are no JSON."""
    raise ValueError(f"{name} is no JSON.")


def _refuse_the_future(signature: str) -> None:
    stamp = int(next(part[2:] for part in signature.split(",") if part.startswith("t=")))
    if stamp > time.time() + SIGNATURE_TOLERANCE_SECONDS:
        raise BadSignature


# --- the call


def call(name: str, request: Callable[[Any], Any]) -> Any:
    """Make one call, tried again after a pause where Stripe was busy or couldn't be reached; a plain dict comes back.

    A timeout is repeated in a worker only: whoever waits has waited long enough.
    """
    tries = settings.STRIPE_MAX_RETRIES + 1 if _is_patient.get() else TRIES_IN_A_REQUEST
    is_unknown = False
    for attempt in range(1, tries + 1):
        try:
            crash_point(f"stripe.{name}.before")
            answer = request(_client())
            crash_point(f"stripe.{name}.after")
            return answer.to_dict() if isinstance(answer, stripe.StripeObject) else answer
        except stripe.StripeError as error:
            logger.warning("stripe_error call=%s try=%s error=%s", name, attempt, _describe(error))
            # "Busy" would say that nothing was done; an earlier try may have been done before its answer was lost.
            is_unknown = is_unknown or isinstance(error, stripe.APIConnectionError)
            if attempt == tries or not _may_repeat(error):
                if is_unknown and error.http_status == 429:
                    raise GatewayUnavailable(_describe(error)) from None
                _raise_ours(error)
        _pause(attempt)
    raise AssertionError("unreachable: the last try returns or raises")


def call_list(name: str, request: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """Make one call for each page of a list; plain dicts come back."""
    return list(call(name, lambda client: [row.to_dict() for row in request(client).auto_paging_iter()]))


def _client() -> stripe.StripeClient:
    return _make_client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.STRIPE_TIMEOUT_SECONDS)


@cache
def _make_client(key: str, base: str, timeout: float) -> stripe.StripeClient:
    # A sandbox on this machine is never behind a proxy that the environment names for the world outside.
    is_local = urlsplit(base).hostname in ("127.0.0.1", "localhost", "::1")
    transport = stripe.RequestsClient(
        timeout=(min(CONNECT_TIMEOUT_SECONDS, timeout), timeout),
        proxy={"http": "", "https": ""} if is_local else None,
    )
    addresses: Any = {"api": base, "connect": base, "files": base, "meter_events": base} if base else {}
    # Explicit: the client's own default is no retries, and it would never retry 429 (stripe-python 15).
    return stripe.StripeClient(key, base_addresses=addresses, max_network_retries=0, http_client=transport)


def _pause(attempt: int) -> None:
    """Exponential backoff with full jitter."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt)
    time.sleep(random.uniform(0, longest))  # noqa: S311


def _may_repeat(error: stripe.StripeError) -> bool:
    if isinstance(error, stripe.APIConnectionError):
        timed_out = isinstance(error.__cause__, requests.exceptions.ReadTimeout)
        return bool(error.should_retry) and (_is_patient.get() or not timed_out)
    return error.http_status == 429


def _raise_ours(error: stripe.StripeError) -> NoReturn:
    status, message = error.http_status or 0, _describe(error)
    if status == 429:
        raise GatewayBusy(message) from None
    # 409: another request with the key is under way, so its outcome isn't known yet.
    if isinstance(error, stripe.APIConnectionError) or status >= 500 or status in (0, 409):
        raise GatewayUnavailable(message) from None
    raise GatewayRefused(
        message, code=error.code or "", param=getattr(error, "param", None) or "", status=status
    ) from None


def _describe(error: stripe.StripeError) -> str:
    """Stripe's words without the ids and keys that nobody may see."""
    if isinstance(error, stripe.APIConnectionError):
        return type(error.__cause__ or error).__name__
    return hide_ids(error.user_message or str(error))
