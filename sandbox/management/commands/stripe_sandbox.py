"""`manage.py stripe_sandbox`: serves the Stripe sandbox until it is told to stop."""

import os
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sandbox.journal import JournalInUse
from sandbox.server import Sandbox


def configured(name: str, default: str) -> str:
    """Return a value of the settings, else of the environment."""
    return str(getattr(settings, name, None) or os.environ.get(name) or default)


class Command(BaseCommand):
    """Serves the sandbox on the loopback address; the web server may start later, deliveries are retried."""

    help = "Serve a stand-in for Stripe: API, hosted pages, webhooks. No real money moves."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        base = f"http://127.0.0.1:{configured('PORT', '8000')}"
        parser.add_argument("--port", type=int, default=int(os.environ.get("SANDBOX_PORT") or 12111))
        parser.add_argument(
            "--journal", type=Path, help="where the state is kept (default: under MALY_DATA_DIR)"
        )
        parser.add_argument(
            "--webhook", default=f"{base}/api/webhooks/stripe", help="gets the platform's events"
        )
        parser.add_argument(
            "--connect-webhook",
            default=f"{base}/api/webhooks/stripe/connect",
            help="gets the connected accounts' events",
        )
        parser.add_argument(
            "--mailbox", default=f"{base}/dev/mailbox/", help="linked from the sandbox's own page"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Listen for the signals first: a stop that comes while starting must not be lost.
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        journal = (
            options["journal"] or Path(configured("MALY_DATA_DIR", ".maly")) / "sandbox" / "journal.jsonl"
        )
        secret = configured("STRIPE_WEBHOOK_SECRET", "whsec_demo_platform")
        connect_secret = configured("STRIPE_CONNECT_WEBHOOK_SECRET", "whsec_demo_connect")
        endpoints = [(options["webhook"], secret, False), (options["connect_webhook"], connect_secret, True)]
        try:
            sandbox = Sandbox(journal=journal, endpoints=endpoints, mailbox_url=options["mailbox"])
        except JournalInUse as error:
            raise CommandError(str(error)) from error
        try:
            sandbox.start(options["port"])
        except OSError as error:
            raise CommandError(
                f"The sandbox can't listen on port {options['port']}: {error.strerror}."
            ) from error
        self.stdout.write(f"Stripe sandbox on {sandbox.url}/_sandbox/")
        self.stdout.flush()
        stop.wait()
        sandbox.stop()
