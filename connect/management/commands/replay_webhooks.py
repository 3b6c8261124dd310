"""`manage.py replay_webhooks`: make stored events due again, so that workers handle them once more."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from connect import gateway
from connect.models import StripeEvent
from connect.services import catch_up, inbox


class Command(BaseCommand):
    help = (
        "Handle stored Stripe events again: dead ones, those received since a moment, or single ones by id."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--dead", action="store_true", help="events that were given up after 12 attempts")
        which.add_argument("--since", metavar="MOMENT", help="all received since, such as 2026-12-01T18:00")
        which.add_argument(
            "--missed", action="store_true", help="those of 30 days that Stripe has and no webhook brought"
        )
        which.add_argument("--id", action="append", metavar="evt_…", help="one event; may be given again")
        parser.add_argument("--now", action="store_true", help="handle them here instead of in a worker")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["missed"]:
            self._bring_missed()
        else:
            count = inbox.replay(self._chosen(options), reason="replay_webhooks")
            self.stdout.write(f"{count} events will be handled again.")
        if options["now"]:
            tried = 0
            with gateway.patiently():
                while count := inbox.process_due():
                    tried += count
            self.stdout.write(f"{tried} events were tried.")

    def _bring_missed(self) -> None:
        with gateway.patiently():
            done = catch_up.catch_up(anew=True)
        self.stdout.write(f"{done.found} events that no webhook brought, of {done.accounts} accounts.")
        for name in done.unread:
            self.stdout.write(f"Not read: {name}")

    def _chosen(self, options: dict[str, Any]) -> QuerySet[StripeEvent]:
        if options["dead"]:
            return StripeEvent.objects.filter(status=StripeEvent.Status.DEAD)
        if options["since"]:
            return StripeEvent.objects.filter(received_at__gte=self._moment(options["since"]))
        found = StripeEvent.objects.filter(event_id__in=options["id"])
        missing = set(options["id"]) - set(found.values_list("event_id", flat=True))
        if missing:
            raise CommandError(
                f"Not received here: {', '.join(sorted(missing))}. `replay_webhooks --missed` asks Stripe for them."
            )
        return found

    def _moment(self, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise CommandError(f"{text} is no moment: write it as 2026-12-01T18:00.") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
