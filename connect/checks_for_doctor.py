"""What `manage.py doctor` asks about Stripe: keys, webhook secrets, the fee terms, whether events arrive."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from connect.models import FeePlan, StripeEvent
from connect.selectors import last_event_received
from connect.services.fees import rate_text
from connect.services.inbox import endpoint_secrets
from maly.money import format_amount

PATHS = {
    StripeEvent.Endpoint.PLATFORM: ("/api/webhooks/stripe", "STRIPE_WEBHOOK_SECRET"),
    StripeEvent.Endpoint.CONNECT: ("/api/webhooks/stripe/connect", "STRIPE_CONNECT_WEBHOOK_SECRET"),
}
QUIET = timedelta(days=7)


def checks_for_doctor() -> list[str]:
    """Every problem about Stripe in words, each with what to do about it; none when all is well."""
    return [*_keys(), *_secrets(), *_fee_terms(), *_events()]


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
    dead = StripeEvent.objects.filter(status=StripeEvent.Status.DEAD).count()
    if dead:
        yield f"{dead} events were given up: see their errors in /staff/, then `manage.py replay_webhooks --dead`."
