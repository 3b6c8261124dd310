"""Check that the books are right; exit 1 and name what isn't."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.services.violations import check_ledger


class Command(BaseCommand):
    help = "Run every invariant of the books as one query: no rows, or exit 1 with each of them."

    def add_arguments(self, parser: CommandParser) -> None:
        extent = parser.add_mutually_exclusive_group()
        extent.add_argument("--full", action="store_true", help="look at everything (the default)")
        extent.add_argument(
            "--incremental", action="store_true", help="look at what was written since the last clean run"
        )
        parser.add_argument("--heads", type=Path, help="a copy of heads.jsonl that was kept elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["heads"] and not options["heads"].exists():
            raise CommandError(f"There is no file {options['heads']}.")
        try:
            found = check_ledger(is_full=not options["incremental"], heads_file=options["heads"])
        except ValueError as error:
            raise CommandError(f"The file of heads can't be read: {error}") from None
        for each in found.violations:
            self.stdout.write(f"{each.code} {each.what}: {each.subject} ({each.detail})")
        if found.violations:
            broken = len({each.code for each in found.violations})
            raise CommandError(f"{len(found.violations)} violations of {broken} invariants.")
        extent = "" if found.is_full else ", since the last clean run"
        self.stdout.write(f"{found.invariants} invariants hold ({found.milliseconds} ms{extent})")
