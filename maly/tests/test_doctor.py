"""`manage.py doctor` beside the sandbox: webhook endpoints as Stripe knows them, and who has given a sign of life."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from adminpanel.checks_for_doctor import checks_for_doctor as operations_checks
from adminpanel.models import SweepRun
from adminpanel.services.sweeps import BEAT
from connect.checks_for_doctor import endpoint_checks, notes_for_doctor
from connect.models import ConnectedAccount

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoints(sandbox: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The webhook endpoints at Stripe, to be changed by a test."""
    settings.SITE_URL = "http://testserver"
    known = sandbox.world.endpoint_objects()
    monkeypatch.setattr(sandbox.world, "endpoint_objects", lambda: known)
    return list(known)


def test_endpoints_that_are_as_they_should_be_are_no_problem(endpoints: list[Any]) -> None:
    assert endpoint_checks() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"url": "http://elsewhere/api/webhooks/stripe"},
            "knows no webhook endpoint http://testserver/api/webhooks/",
        ),
        ({"status": "disabled"}, "is disabled at Stripe"),
        ({"enabled_events": ["account.updated", "charge.updated"]}, "doesn't listen to"),
        ({"api_version": None}, "sends the account's default"),
        ({"api_version": "2020-08-27"}, "sends 2020-08-27"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_wrong_with_an_endpoint_is_said(
    endpoints: list[Any], place: int, change: dict[str, Any], words: str
) -> None:
    endpoints[place].update(change)
    (problem,) = endpoint_checks()
    assert words in problem


def test_every_event_may_be_listened_to_and_the_alias_is_as_good(endpoints: list[Any]) -> None:
    for each in endpoints:
        each["enabled_events"] = ["*"]
        each["url"] = each["url"].replace("stripe/connect", "stripe-connect")
    assert endpoint_checks() == []


def test_a_key_that_may_not_look_and_a_stripe_that_is_away_are_told_apart(
    sandbox: Any, settings: Any
) -> None:
    settings.SITE_URL = "https://tickets.example.org"
    fault = {"path": "/v1/webhook_endpoints", "effect": "error_500", "times": 1}
    sandbox.control("POST", "/_sandbox/faults", fault)
    assert "Stripe doesn't answer" in endpoint_checks()[0]
    assert len(endpoint_checks()) == 2, "both are unknown at this address"
    settings.STRIPE_SECRET_KEY = "pk_test_is_no_secret_key"
    assert "Webhook Endpoints: Read" in endpoint_checks()[0]


def test_what_only_the_first_account_can_show_is_noted(organization: Any) -> None:
    (note,) = notes_for_doctor()
    assert "Accounts v1" in note
    ConnectedAccount.objects.create(organization=organization, stripe_account_id="acct_1", country="US")
    assert notes_for_doctor() == []


@pytest.mark.parametrize(
    ("ran", "failures", "words"),
    [
        ({BEAT: 5, "expire-holds": 0}, 0, "Beat has been silent"),
        ({BEAT: 0, "expire-holds": 5}, 0, "No worker has finished a sweep"),
        ({BEAT: 0, "expire-holds": 0}, 2, "keep failing: expire-holds"),
    ],
)
def test_a_silent_process_and_a_failing_sweep_are_told(
    ran: dict[str, int], failures: int, words: str
) -> None:
    assert operations_checks() == []
    for name, minutes in ran.items():
        at = timezone.now() - timedelta(minutes=minutes)
        SweepRun.objects.create(
            name=name,
            started_at=at - timedelta(hours=1),
            finished_at=at,
            failures=0 if name == BEAT else failures,
        )
    (problem,) = operations_checks()
    assert words in problem


def test_it_names_each_check_and_ends_with_what_it_cannot_see(endpoints: list[Any]) -> None:
    said = StringIO()
    with pytest.raises(SystemExit):  # among others, Stripe has no prices yet
        call_command("doctor", stdout=said)
    lines = said.getvalue().splitlines()
    assert "ok     webhook endpoints" in lines
    assert "ok     operations" in lines
    assert lines[-1].startswith("note   Whether this Stripe account may create")
