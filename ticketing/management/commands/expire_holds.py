"""Run the sweeps over holds and payments once, as beat does every 15 seconds."""

from typing import Any

from django.core.management.base import BaseCommand

from connect.gateway import patiently
from ticketing.services.holds import expire_due_holds, resolve_requested_payments
from ticketing.services.refund_sweeps import resolve_refunds


class Command(BaseCommand):
    help = "Expire the holds whose time is up, resolve payments that Stripe never answered, resolve refunds."

    def handle(self, *args: Any, **options: Any) -> None:
        with patiently():
            resolved = resolve_requested_payments()
            expired = expire_due_holds()
            refunded = resolve_refunds()
        self.stdout.write(
            f"{expired} holds expired, {resolved} payments resolved, {refunded} refunds resolved."
        )
