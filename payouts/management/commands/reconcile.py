"""`manage.py reconcile`: compare Stripe with the books; exit 1 and name what differs."""

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connect.models import ConnectedAccount
from maly.errors import MalyError
from payouts.models import BalanceImport, MoneyException
from payouts.services.reconciliation.runs import GRACE, Outcome, reconcile

PLATFORM = "platform"


class Command(BaseCommand):
    help = (
        "Import Stripe's balance transactions and compare them, the balances and the payouts with the books: "
        "each difference with its ids and what to do, and exit 1 if there is any or an account couldn't be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", metavar="acct_…", help="only this account, or `platform`")
        parser.add_argument(
            "--no-import", action="store_true", help="compare what was imported before; Stripe isn't asked"
        )
        parser.add_argument("--json", action="store_true", help="the outcome as one JSON object")
        parser.add_argument(
            "--grace",
            type=int,
            default=int(GRACE.total_seconds()),
            metavar="SECONDS",
            help="leave what happened so lately to the next run (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = reconcile(
                account_id=self._account(options["account"]),
                with_import=not options["no_import"],
                grace=timedelta(seconds=options["grace"]),
                tell=(lambda _line: None) if options["json"] else self.stdout.write,
            )
        except MalyError as error:
            raise CommandError(error.detail) from None
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(outcome), indent=2))
        else:
            self._print(outcome)
        if outcome.open or outcome.failed:
            raise SystemExit(1)

    def _account(self, given: str | None) -> str | None:
        if given in (None, PLATFORM):
            return "" if given else None
        if not ConnectedAccount.objects.filter(stripe_account_id=given).exists():
            raise CommandError(f"{given} is no account of an organization here.")
        return given

    def _print(self, outcome: Outcome) -> None:
        for row in outcome.failed:
            self.stdout.write(f"Not read: {_name(row)}. {row.error}")
        if closed := len(outcome.unread) - len(outcome.failed):
            self.stdout.write(f"Not asked: {closed} accounts that were closed.")
        for each in outcome.open:
            known = " (acknowledged)" if each.acknowledged_at else ""
            self.stdout.write(f"{each.get_kind_display()}{known}: {', '.join(each.ids)}")
            self.stdout.write(f"  {each.words}")
        count = len(outcome.open)
        if outcome.failed:
            self.stdout.write("What these accounts moved lately couldn't be compared. Try again.")
        self.stdout.write(
            f"{count} differences are open." if count else "Everything that was compared matches."
        )


def _name(row: BalanceImport) -> str:
    return row.account_id or PLATFORM


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "imported": outcome.imported,
        "compared": outcome.compared,
        "balances": outcome.balances,
        "unread": [{"account": _name(row), "error": row.error} for row in outcome.unread],
        "open": [_difference(each) for each in outcome.open],
    }


def _difference(each: MoneyException) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "subject": each.subject,
        "ids": each.ids,
        "currency": each.currency,
        "expected_amount": each.expected_amount,
        "found_amount": each.found_amount,
        "words": each.words,
        "first_seen_at": each.first_seen_at.isoformat(),
        "is_acknowledged": each.acknowledged_at is not None,
    }
