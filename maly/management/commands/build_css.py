"""Join the hand-written style sheets into the two that pages load: a page asks for one file, not twenty."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

SHEETS = {
    "public.css": (
        "tokens.css",
        "base.css",
        "layout.css",
        "components/brand.css",
        "components/button.css",
        "components/badge.css",
        "components/card.css",
        "components/banner.css",
        "components/form.css",
        "components/facts.css",
        "components/browse.css",
        "components/profile.css",
        "components/ticket-box.css",
        "components/checkout.css",
        "components/my-tickets.css",
        "components/ticket.css",
        "components/disclosure.css",
        "components/push.css",
        "components/prose.css",
        "components/accent.css",
        "components/premium.css",
        "components/contrast.css",
        "utilities.css",
        "print.css",
    ),
    # Organizers' and staff's pages load it after public.css.
    "app.css": (
        "components/app-shell.css",
        "components/app-switcher.css",
        "components/app-page.css",
        "components/app-table.css",
        "components/app-mailbox.css",
        "components/app-list.css",
        "components/app-editor.css",
        "components/app-accent.css",
        "components/app-premium.css",
        "components/app-insight.css",
        "components/app-figures.css",
        "components/app-orders.css",
        "components/app-trail.css",
        "components/app-payments.css",
        "components/app-payouts.css",
        "components/app-door.css",
        "components/app-home.css",
        "components/app-profile.css",
        "components/app-staff.css",
        "components/app-cockpit.css",
        "components/app-operations.css",
        "components/app-staff-lists.css",
    ),
}

BANNER = "/* Built by `manage.py build_css` from the files beside it: edit those. */\n"


class Command(BaseCommand):
    help = "Build static/css/public.css and app.css; with --check only say whether they are up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing, fail when a sheet is stale")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "static" / "css"
        stale = []
        for name, parts in SHEETS.items():
            built = BANNER + "".join(squeeze((folder / part).read_text()) for part in parts)
            target = folder / name
            if target.exists() and target.read_text() == built:
                continue
            stale.append(name)
            if not check:
                target.write_text(built)
        if check and stale:
            raise CommandError(f"{', '.join(stale)} out of date: run manage.py build_css.")


def squeeze(css: str) -> str:
    """Drop comments, indentation and blank lines: enough before compression, without a change of meaning."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return "".join(f"{line.strip()}\n" for line in css.splitlines() if line.strip())
