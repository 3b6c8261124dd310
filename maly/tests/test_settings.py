"""Every name that the settings read is explained in `.env.example`, and production's checks are clean."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _names_read() -> set[str]:
    text = (ROOT / "maly/settings.py").read_text()
    return set(re.findall(r"env(?:\.\w+)?\(\s*\"([A-Z_]+)\"", text))


def test_env_example_has_every_name() -> None:
    explained = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    internal = {"MALY_DEMO", "MALY_TESTING"}
    assert _names_read() - internal == explained - {"SANDBOX_PORT", "WEB_WORKERS", "WEB_THREADS"}


def _manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    drop = ("MALY_TESTING", "STRIPE_API_BASE", "SITE_URL", "DEBUG", "STRIPE_TIMEOUT_SECONDS")
    drop += ("DJANGO_ALLOW_ASYNC_UNSAFE",)  # a browser test's, in the same worker
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=kept | environment, capture_output=True, text=True)


PRODUCTION = {
    "SECRET_KEY": "k" * 10 + "abcdefghijklmnopqrstuvwxyz0123456789-ABCDEFGHIJKLMNOP",
    "TICKET_SIGNING_KEY": "11" * 32,
    "SITE_URL": "https://tickets.example.org",
    "ALLOWED_HOSTS": "tickets.example.org",
    "STRIPE_SECRET_KEY": "sk_live_000000000000000000000000",
    "STRIPE_WEBHOOK_SECRET": "whsec_a",
    "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_b",
}


def test_the_deployment_checks_are_clean() -> None:
    done = _manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr


def test_our_buttons_may_lead_to_each_of_stripes_pages() -> None:
    """Browsers stop a form that leads where the policy doesn't say, and the sandbox has all pages at one address."""
    show = "from django.conf import settings; print(*settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
    allowed = set(_manage("shell", "--no-imports", "-c", show, **PRODUCTION).stdout.split())
    assert {f"https://{page}.stripe.com" for page in ("checkout", "connect", "billing")} <= allowed


def test_live_keys_are_refused_with_debug_or_a_sandbox() -> None:
    for unsafe in ({"DEBUG": "true"}, {"STRIPE_API_BASE": "http://127.0.0.1:1"}, {"MALY_DEMO": "true"}):
        done = _manage("check", **PRODUCTION, **unsafe)
        assert done.returncode != 0, unsafe
        assert "maly.E001" in done.stderr


def test_missing_secrets_stop_the_start_with_their_name() -> None:
    for name in ("SECRET_KEY", "TICKET_SIGNING_KEY"):
        done = _manage("check", **{key: value for key, value in PRODUCTION.items() if key != name})
        assert done.returncode != 0
        assert name in done.stderr
