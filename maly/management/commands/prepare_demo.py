"""Everything that must be there before the demo answers, in one process: starting Django takes most of the time."""

import hashlib
import logging
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

# What packages bring and no page asks for; compressing it would take most of a first start.
UNUSED = ["redoc*", "rest_framework"]


class Command(BaseCommand):
    help = "Migrate, collect static files, make Premium's prices at Stripe and seed the demo."

    def handle(self, *args: Any, **options: Any) -> None:
        # A line for every order, and the dispute's warning, would hide what the terminal is told.
        logging.disable(logging.WARNING)
        call_command("migrate", verbosity=0, interactive=False)
        collect_static_files()
        call_command("premium_prices", stdout=StringIO())
        call_command("seed", scenario="demo", verbosity=options["verbosity"])


def collect_static_files() -> None:
    """Collect and compress the static files, unless those that are there were made from the same sources."""
    mark = Path(settings.STATIC_ROOT) / ".collected"
    fingerprint = _fingerprint()
    if not mark.exists() or mark.read_text() != fingerprint:
        call_command("collectstatic", verbosity=0, interactive=False, clear=True, ignore_patterns=UNUSED)
        mark.write_text(fingerprint)


def _fingerprint() -> str:
    root = settings.BASE_DIR
    folders = [root / "static", *root.glob("[a-z]*/static")]
    ours = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    digest = hashlib.sha256((root / "requirements.txt").read_bytes())
    for path in ours:
        digest.update(f"{path.relative_to(root)} {path.stat().st_size} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()
