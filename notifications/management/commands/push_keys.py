"""Make the key by which push services know this site."""

from typing import Any

from django.core.management.base import BaseCommand

from notifications.vapid import make_private_key


class Command(BaseCommand):
    """Prints a line for `.env`; nothing is written, and an older key's subscriptions end with it."""

    help = "Print a new VAPID_PRIVATE_KEY: with it in .env, browsers can be told of tickets and sales."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"VAPID_PRIVATE_KEY={make_private_key()}")
