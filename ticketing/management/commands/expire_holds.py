"""Run the sweeps over holds and payments once, as beat does every 15 seconds."""

from typing import Any

from django.core.management.base import BaseCommand

from connect.gateway import patiently
from ticketing.services.holds import expire_due_holds, finish_late_refunds, resolve_requested_payments


class Command(BaseCommand):
    help = (
        "Expire the holds whose time is up, resolve payments that Stripe never answered, repeat late refunds."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with patiently():
            resolved = resolve_requested_payments()
            expired = expire_due_holds()
            refunded = finish_late_refunds()
        self.stdout.write(
            f"{expired} holds expired, {resolved} payments resolved, {refunded} late payments refunded."
        )
