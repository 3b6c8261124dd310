"""Whether beat and the workers are alive, and what became of each sweep, from what their runs have left."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from celery.schedules import maybe_schedule
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from adminpanel.models import SweepRun
from adminpanel.services.sweeps import BEAT
from payouts.wording.ages import age_in_words

# Sweeps of five seconds run beside those that take minutes; a minute of silence is longer than any queue of them.
SILENT_AFTER = timedelta(minutes=1)
# How late a sweep may be: as late again as it is often, two minutes at least, an hour at most.
LEAST_GRACE, MOST_GRACE = timedelta(minutes=2), timedelta(hours=1)
FAILING_FROM = 2
OK, LATE, FAILED, NOT_YET = "success", "warning", "danger", ""
STATES = {OK: "ok", LATE: "overdue", FAILED: "failed", NOT_YET: "not_yet"}


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A sweep as the page shows it; `tone` is the badge's, `word` what it says."""

    name: str
    every: str
    tone: str
    word: str
    run: SweepRun | None
    late_by: timedelta = timedelta()

    @property
    def title(self) -> str:
        return self.name.replace("-", " ").capitalize().replace("stripe", "Stripe")

    @property
    def state(self) -> str:
        return STATES[self.tone]

    @property
    def ago(self) -> str:
        return age_in_words(self.run.finished_at) if self.run else ""

    @property
    def took(self) -> str:
        return took_in_words(self.run.finished_at - self.run.started_at) if self.run else ""


@dataclass(frozen=True, kw_only=True)
class Processes:
    """When beat and any worker last gave a sign of life, since when beat runs, and every sweep; None is never."""

    beat_at: datetime | None
    beat_began_at: datetime | None
    worker_at: datetime | None
    sweeps: list[Sweep]

    @property
    def is_beat_alive(self) -> bool:
        return _is_recent(self.beat_at)

    @property
    def is_worker_alive(self) -> bool:
        return _is_recent(self.worker_at)

    @property
    def is_worker_silent(self) -> bool:
        """Whether workers have been asked for long enough and none has done anything."""
        return self.is_beat_alive and not self.is_worker_alive and not _is_recent(self.beat_began_at)


def read_processes() -> Processes:
    """Beat, workers and sweeps, those that failed or are late first; one statement."""
    now = timezone.now()
    runs = {run.name: run for run in SweepRun.objects.all()}
    beat = runs.pop(BEAT, None)
    # A beat that has just begun makes up for what fell due while nothing ran.
    is_settled = beat is None or beat.started_at < now - LEAST_GRACE
    sweeps = [
        _sweep(name, entry["schedule"], runs.get(name), now if is_settled else None)
        for name, entry in schedule().items()
    ]
    worst = [FAILED, LATE, NOT_YET, OK]
    return Processes(
        beat_at=beat.finished_at if beat else None,
        beat_began_at=beat.started_at if beat else None,
        worker_at=max((run.finished_at for run in runs.values()), default=None),
        sweeps=sorted(sweeps, key=lambda sweep: worst.index(sweep.tone)),
    )


def schedule() -> dict[str, Any]:
    """The beat schedule, by name."""
    entries: dict[str, Any] = current_app.conf.beat_schedule
    return entries


def took_in_words(took: timedelta) -> str:
    """12 ms, 3.4 s, 5 min."""
    seconds = took.total_seconds()
    if seconds < 1:
        return _("%(count)d ms") % {"count": round(seconds * 1000)}
    if seconds < 60:
        return _("%(count).1f s") % {"count": seconds}
    return _("%(count)d min") % {"count": seconds // 60}


def _sweep(name: str, given: Any, run: SweepRun | None, now: datetime | None) -> Sweep:
    """A sweep, judged by the clock unless `now` is None."""
    planned: Any = maybe_schedule(given)
    tone, word, late_by = NOT_YET, _("Not yet"), timedelta()
    if run and run.failures:
        tone = FAILED
        word = ngettext("Failed", "Failed %(count)d times", run.failures) % {"count": run.failures}
    elif run:
        late_by = _late_by(planned, run, now) if now else late_by
        tone, word = (LATE, _("Overdue")) if late_by else (OK, _("OK"))
    return Sweep(name=name, every=_every(planned), run=run, tone=tone, word=word, late_by=late_by)


def _late_by(planned: Any, run: SweepRun, now: datetime) -> timedelta:
    """By how much more than its grace a sweep is late; nothing while it isn't."""
    late: timedelta = -planned.remaining_estimate(run.started_at)
    grace = min(max(_interval(planned), LEAST_GRACE), MOST_GRACE)
    return late - grace if late > grace and now - run.finished_at > grace else timedelta()


def _interval(planned: Any) -> timedelta:
    interval: timedelta = getattr(planned, "run_every", MOST_GRACE)
    return interval


def _every(planned: Any) -> str:
    """5 s, 10 min, 1 h, or the time of day of one that runs daily."""
    if not hasattr(planned, "run_every"):
        return " ".join(_time_of_day(planned))
    seconds = int(planned.run_every.total_seconds())
    if seconds < 60:
        return _("%(count)d s") % {"count": seconds}
    if seconds < 3600:
        return _("%(count)d min") % {"count": seconds // 60}
    return _("%(count)d h") % {"count": seconds // 3600}


def _time_of_day(planned: Any) -> Iterator[str]:
    for hour in sorted(planned.hour):
        for minute in sorted(planned.minute):
            yield f"{hour:02}:{minute:02} UTC"


def _is_recent(at: datetime | None) -> bool:
    return at is not None and at > timezone.now() - SILENT_AFTER
