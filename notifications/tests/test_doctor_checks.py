"""What the doctor says about mail."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from maly.mail_url import mail_settings
from notifications.checks_for_doctor import checks_for_doctor
from notifications.models import Message

pytestmark = pytest.mark.django_db


def found_with(settings: Any, url: str, **more: Any) -> str:
    for name, value in {**mail_settings(url), **more}.items():
        setattr(settings, name, value)
    return "\n".join(checks_for_doctor())


def test_nothing_is_said_when_all_is_well(settings: Any) -> None:
    hook = {"ANYMAIL": {"POSTMARK_SERVER_TOKEN": "token", "WEBHOOK_SECRET": "user:password"}}
    assert found_with(settings, "postmark://token@", **hook) == ""


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("smtp://127.0.0.1:1", {}, "The mail server doesn't answer"),
        ("postmark://token@", {}, "Bounces go unnoticed"),
        ("mailgun://key@", {"ANYMAIL": {"WEBHOOK_SECRET": "user:password"}}, "Mailgun signs"),
        ("mailbox://", {"SHOW_MAILBOX": False}, "set EMAIL_URL"),
        ("ses://", {"SHOW_MAILBOX": False, "DEFAULT_FROM_EMAIL": "Maly <a@example.com>"}, "is an example"),
    ],
)
def test_each_fault_has_its_cure(settings: Any, url: str, more: dict[str, Any], words: str) -> None:
    assert words in found_with(settings, url, **more)


def test_a_queue_that_stands_still_and_what_was_given_up(settings: Any) -> None:
    late = timezone.now() - timedelta(hours=1)
    for number, state in enumerate(("queued", "dead", "sent")):
        Message.objects.create(key=str(number), kind="greeting", to="a@example.com", state=state, due_at=late)
    found = found_with(settings, "consolemail://")
    assert "1 messages have waited" in found
    assert "1 messages were given up" in found
