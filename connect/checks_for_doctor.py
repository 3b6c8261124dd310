"""What `manage.py doctor` asks about Stripe: keys, webhook endpoints and secrets, fee terms, whether events arrive."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from connect import gateway, list_calls
from connect.errors import GatewayError, GatewayRefused
from connect.models import ConnectedAccount, FeePlan, StripeEvent
from connect.registry import handled_types
from connect.selectors import last_event_received
from connect.services.fees import rate_text
from connect.services.inbox import endpoint_secrets
from connect.stripe_objects import Data
from maly.money import format_amount

PATHS = {
    StripeEvent.Endpoint.PLATFORM: ("/api/webhooks/stripe", "STRIPE_WEBHOOK_SECRET"),
    StripeEvent.Endpoint.CONNECT: ("/api/webhooks/stripe/connect", "STRIPE_CONNECT_WEBHOOK_SECRET"),
}
QUIET = timedelta(days=7)
ALIASES = {StripeEvent.Endpoint.CONNECT: "/api/webhooks/stripe-connect"}
OURS = ("127.0.0.1", "localhost", "::1")


def checks_for_doctor() -> list[str]:
    """Every problem about Stripe in words, each with what to do about it; none when all is well."""
    return [*_keys(), *_secrets(), *_fee_terms(), *_events()]


def endpoint_checks() -> list[str]:
    """Every problem of the webhook endpoints as Stripe knows them: one each, with our events and the SDK's version."""
    if not settings.STRIPE_SECRET_KEY:
        return []
    try:
        known = list_calls.list_webhook_endpoints()
    except GatewayRefused as error:
        if error.status not in (401, 403):
            raise
        return [
            "The key may not read webhook endpoints, so they can't be checked: give a restricted key the permission "
            "`Webhook Endpoints: Read`, or compare them with docs/operating.md by hand."
        ]
    except GatewayError as error:
        return [f"Stripe doesn't answer ({type(error).__name__}): try again, and look at status.stripe.com."]
    return [problem for endpoint in PATHS for problem in _endpoint(endpoint, known)]


def notes_for_doctor() -> list[str]:
    """What can't be checked from here, and so has to be looked at."""
    if ConnectedAccount.objects.exclude(stripe_account_id=None).exists():
        return []
    return [
        "Whether this Stripe account may create connected accounts (Connect is on, its profile is complete, Accounts "
        "v1 is confirmed) shows with the first one only: connect an organization of your own (docs/operating.md)."
    ]


def _endpoint(endpoint: StripeEvent.Endpoint, known: list[Data]) -> Iterator[str]:
    path = PATHS[endpoint][0]
    urls = {f"{settings.SITE_URL}{each}" for each in (path, ALIASES.get(endpoint, path))}
    found = [each for each in known if each["url"] in urls]
    if not found and urlsplit(settings.SITE_URL).hostname not in OURS:  # which only `stripe listen` reaches
        yield f"Stripe knows no webhook endpoint {settings.SITE_URL}{path}: add it (docs/operating.md)."
    for each in found:
        if each["status"] != "enabled":
            yield f"The webhook endpoint {each['url']} is {each['status']} at Stripe: enable it."
        missing = set(handled_types(endpoint)) - set(each["enabled_events"])
        if missing and each["enabled_events"] != ["*"]:
            yield f"The webhook endpoint {each['url']} doesn't listen to {', '.join(sorted(missing))}: add them."
        if each["api_version"] != gateway.API_VERSION:
            version = each["api_version"] or "the account's default"
            yield f"The webhook endpoint {each['url']} sends {version}: it must be {gateway.API_VERSION}."


def _keys() -> Iterator[str]:
    secret, publishable = settings.STRIPE_SECRET_KEY, settings.STRIPE_PUBLISHABLE_KEY
    if not secret.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        yield "STRIPE_SECRET_KEY is missing or no secret key: copy it from Stripe's dashboard (sk_… or rk_…)."
    if settings.STRIPE_LIVE_MODE and settings.STRIPE_API_BASE:
        yield "STRIPE_API_BASE is set with a live key: unset it, or use a test key."
    mode = "live" if settings.STRIPE_LIVE_MODE else "test"
    if publishable and not publishable.startswith(f"pk_{mode}_"):
        yield f"STRIPE_PUBLISHABLE_KEY is not a {mode} key like STRIPE_SECRET_KEY: take both from one mode."


def _secrets() -> Iterator[str]:
    for endpoint, (path, name) in PATHS.items():
        secrets = [secret for secret in endpoint_secrets(endpoint) if secret]
        if not endpoint_secrets(endpoint)[0]:
            yield f"{name} is not set: add a webhook endpoint for {path} at Stripe and copy its secret."
        elif not all(secret.startswith("whsec_") for secret in secrets):
            yield f"{name} is no webhook secret: it begins with whsec_."


def _fee_terms() -> Iterator[str]:
    plan = FeePlan.objects.filter(code="organization").first()
    terms = plan.terms.filter(currency="usd", effective_from__lte=timezone.now()).first() if plan else None
    if terms is None:
        yield "The plan `organization` has no terms in dollars: run `python manage.py migrate`."
        return
    stated = (settings.PLATFORM_FEE_PERCENT, settings.PLATFORM_FEE_FIXED_CENTS)
    if (terms.percent, terms.fixed_amount) != stated:
        in_force = f"{rate_text(terms.percent)} % + {format_amount(terms.fixed_amount, 'usd')}"
        env = f"{rate_text(stated[0])} % + {format_amount(stated[1], 'usd')}"
        yield (
            f"The terms in force are {in_force}, the environment says {env}. The database counts: set "
            "PLATFORM_FEE_PERCENT and PLATFORM_FEE_FIXED_CENTS to match, or add new terms in the admin."
        )


def _events() -> Iterator[str]:
    """An endpoint that once heard of Stripe and has gone quiet; one that never did is said to be new by its secret."""
    for endpoint, (path, _name) in PATHS.items():
        last = last_event_received(endpoint)
        if last is not None and last < timezone.now() - QUIET:
            yield f"No event has reached {path} since {last:%Y-%m-%d %H:%M} UTC: check the endpoint at Stripe."
    dead = StripeEvent.objects.filter(status=StripeEvent.Status.DEAD, acknowledged_at=None).count()
    if dead:
        yield (
            f"{dead} events were given up: see their errors at /admin/operations/ and handle them again there, or by "
            "`manage.py replay_webhooks --dead`."
        )
