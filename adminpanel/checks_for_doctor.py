"""What `manage.py doctor` asks about the cockpit: whether beat and workers are alive and revenue is kept up to date."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from adminpanel.models import RevenueMark
from adminpanel.selectors.operations_sweeps import FAILING_FROM, read_processes
from ledger.models import LedgerTransaction

LATE = timedelta(minutes=30)


def checks_for_doctor() -> list[str]:
    """Every problem of the cockpit in words, each with what to do about it; none when all is well."""
    return [*_revenue(), *_processes()]


def _revenue() -> Iterator[str]:
    """Figures are right without a refresh, but each reading adds up all that came since the last one."""
    mark, now = RevenueMark.objects.first(), timezone.now()
    late = "Is beat running? `python manage.py refresh_revenue` does it once."
    if mark is None:
        # A new installation's beat gets its time, too.
        if LedgerTransaction.objects.filter(posted_at__lt=now - LATE).exists():
            yield f"The revenue views were never refreshed. {late}"
    elif mark.refreshed_at < now - LATE:
        minutes = (now - mark.refreshed_at) // timedelta(minutes=1)
        yield f"The revenue views were refreshed {minutes} minutes ago, not five. {late}"
    elif mark.zone != settings.PLATFORM_TIME_ZONE:
        yield f"The revenue views go by days of {mark.zone}: run `python manage.py refresh_revenue`."


def _processes() -> Iterator[str]:
    """Beat and the workers, by the signs of life that they leave; a new installation may not have started them yet."""
    found = read_processes()
    if found.beat_at and not found.is_beat_alive:
        yield f"Beat has been silent since {found.beat_at:%Y-%m-%d %H:%M} UTC: start it, exactly one."
    elif found.is_worker_silent:
        last = f"since {found.worker_at:%Y-%m-%d %H:%M} UTC" if found.worker_at else "yet"
        yield f"No worker has finished a sweep {last}: start one, or one more."
    elif LedgerTransaction.objects.filter(posted_at__lt=timezone.now() - LATE).exists() and not found.beat_at:
        yield "Beat has never run: start it, exactly one."
    failing = [each.name for each in found.sweeps if each.run and each.run.failures >= FAILING_FROM]
    if failing:
        yield f"These sweeps keep failing: {', '.join(failing)}. The worker's log has their errors."
