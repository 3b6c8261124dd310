"""What doctor says about Stripe."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from connect.checks_for_doctor import checks_for_doctor
from connect.models import FeePlan, StripeEvent
from connect.services.terms import set_plan_terms
from connect.tests.webhook_calls import deliver, make_event

pytestmark = pytest.mark.django_db


def test_nothing_is_wrong_with_the_settings_of_the_tests():
    assert checks_for_doctor() == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STRIPE_SECRET_KEY", "", "STRIPE_SECRET_KEY is missing"),
        ("STRIPE_SECRET_KEY", "pk_test_mistaken", "no secret key"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_live_other", "STRIPE_PUBLISHABLE_KEY is not a test key"),
        ("STRIPE_LIVE_MODE", True, "STRIPE_API_BASE is set with a live key"),
        ("STRIPE_WEBHOOK_SECRET", "", "STRIPE_WEBHOOK_SECRET is not set"),
        ("STRIPE_CONNECT_WEBHOOK_SECRET", "", "STRIPE_CONNECT_WEBHOOK_SECRET is not set"),
        ("STRIPE_CONNECT_WEBHOOK_SECRET", "sk_test_mistaken", "no webhook secret"),
        ("PLATFORM_FEE_PERCENT", Decimal(5), "the environment says 5 % + $0.75"),
        ("PLATFORM_FEE_FIXED_CENTS", 80, "the environment says 4 % + $0.80"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(settings, name, value, words):
    setattr(settings, name, value)
    assert any(words in problem for problem in checks_for_doctor())


def test_later_terms_that_differ_from_the_environment_are_reported(staff):
    plan = FeePlan.objects.get(code="organization")
    set_plan_terms(plan, currency="usd", percent=Decimal(5), fixed_amount=75, actor=staff, reason="2027")
    (problem,) = checks_for_doctor()
    assert problem.startswith("The terms in force are 5 % + $0.75, the environment says 4 % + $0.75.")


def test_a_quiet_endpoint_and_dead_events_are_reported():
    deliver(make_event())
    assert checks_for_doctor() == []
    StripeEvent.objects.update(received_at=timezone.now() - timedelta(days=8), status="dead")
    problems = checks_for_doctor()
    assert any("/api/webhooks/stripe/connect" in problem for problem in problems)
    assert any("replay_webhooks --dead" in problem for problem in problems)
