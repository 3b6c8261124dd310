"""What is wrong with the running of Maly, and what to do about it: the sentences of docs/runbooks.md, shortened."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from adminpanel.selectors.operations_books import Books, Database
from adminpanel.selectors.operations_inbox import Backlog
from adminpanel.selectors.operations_outbox import Outbox
from adminpanel.selectors.operations_sweeps import FAILING_FROM, Processes
from payouts.wording.ages import age_in_words

DANGER, WARNING = "danger", "warning"
NOW, SOON = gettext_lazy("Act now"), gettext_lazy("Look at it")
# Each is done at least as often as this says; what is later than that doesn't run as it should.
EVENT_WITHIN = timedelta(minutes=2)
MESSAGE_WITHIN = timedelta(minutes=10)
SEALED_WITHIN = timedelta(minutes=5)
PROVED_WITHIN = timedelta(minutes=10)
COMPARED_WITHIN = timedelta(hours=3)
REVENUE_WITHIN = timedelta(hours=1)
TRANSACTION_WITHIN = timedelta(minutes=5)
MOST_SESSIONS = 90  # per cent


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong: what, what to do, how pressing it is, and where to act if that is here."""

    title: str
    text: str
    tone: str = WARNING
    url: str = ""
    label: str = ""

    @property
    def is_pressing(self) -> bool:
        return self.tone == DANGER

    @property
    def word(self) -> str | Promise:
        return NOW if self.is_pressing else SOON


def find_problems(
    processes: Processes, backlog: Backlog, outbox: Outbox, books: Books, database: Database
) -> list[Problem]:
    """Everything that is wrong, what is pressing first."""
    found = [
        *_processes(processes),
        *_inbox(backlog),
        *_outbox(outbox),
        *_books(books),
        *_database(database),
    ]
    return sorted(found, key=lambda problem: not problem.is_pressing)


def _processes(processes: Processes) -> Iterator[Problem]:
    if not processes.is_beat_alive:
        last = age_in_words(processes.beat_at) if processes.beat_at else _("never")
        yield Problem(
            title=_("Beat is silent"),
            text=_(
                "Its last sign of life: %(last)s. Without it no sweep runs: holds don’t expire and unknown outcomes "
                "stay unknown. Start exactly one: celery -A maly beat."
            )
            % {"last": last},
            tone=DANGER,
        )
    elif processes.is_worker_silent:
        last = age_in_words(processes.worker_at) if processes.worker_at else _("never")
        yield Problem(
            title=_("No worker answers"),
            text=_(
                "The last sweep ended: %(last)s. Events and mails wait. Start a worker: celery -A maly worker. If one "
                "runs, all it has are busy with long sweeps: start another."
            )
            % {"last": last},
            tone=DANGER,
        )
    else:
        yield from _sweeps(processes)


def _sweeps(processes: Processes) -> Iterator[Problem]:
    failing = [sweep for sweep in processes.sweeps if sweep.run and sweep.run.failures >= FAILING_FROM]
    if failing:
        yield Problem(
            title=ngettext("A sweep keeps failing", "%(count)d sweeps keep failing", len(failing))
            % {"count": len(failing)},
            text=_(
                "%(names)s. The worker’s log has the error in full; what they didn’t do is done by the next run."
            )
            % {"names": ", ".join(sweep.title for sweep in failing)},
        )
    late = [sweep for sweep in processes.sweeps if sweep.late_by]
    if late:
        yield Problem(
            title=ngettext("A sweep is overdue", "%(count)d sweeps are overdue", len(late))
            % {"count": len(late)},
            text=_("%(names)s. See whether the workers keep up: start another, or look for one that hangs.")
            % {"names": ", ".join(sweep.title for sweep in late)},
        )


def _inbox(backlog: Backlog) -> Iterator[Problem]:
    if backlog.oldest_due_at and backlog.oldest_due_at < timezone.now() - EVENT_WITHIN:
        yield Problem(
            title=_("Stripe’s events wait"),
            text=_(
                "%(waiting)d wait, the oldest was due %(age)s. Orders are still settled when their buyers come back "
                "and by sweeps. See that workers run; start more while the backlog grows."
            )
            % {"waiting": backlog.waiting, "age": age_in_words(backlog.oldest_due_at)},
            tone=DANGER,
        )
    if backlog.dead:
        yield Problem(
            title=ngettext("An event was given up", "%(count)d events were given up", backlog.dead)
            % {"count": backlog.dead},
            text=_(
                "After twelve tries they rest until somebody decides. Read the error, mend its cause, then handle them "
                "again: that is safe any number of times."
            ),
            tone=DANGER,
            url=reverse("adminpanel:operations-inbox"),
            label=_("Show them"),
        )


def _outbox(outbox: Outbox) -> Iterator[Problem]:
    if outbox.oldest_due_at and outbox.oldest_due_at < timezone.now() - MESSAGE_WITHIN:
        yield Problem(
            title=_("Messages wait"),
            text=_(
                "%(waiting)d wait, the oldest since %(age)s. See that the mail server answers: manage.py doctor."
            )
            % {"waiting": outbox.waiting, "age": age_in_words(outbox.oldest_due_at)},
        )
    if outbox.dead:
        yield Problem(
            title=ngettext("A message was given up", "%(count)d messages were given up", outbox.dead)
            % {"count": outbox.dead},
            text=_("Read why, mend the cause or the address, then send them again: each is sent once."),
            url=reverse("adminpanel:operations-outbox"),
            label=_("Show them"),
        )


def _books(books: Books) -> Iterator[Problem]:
    now = timezone.now()
    if books.violations:
        yield Problem(
            title=ngettext(
                "A rule of the books is broken", "%(count)d rules of the books are broken", books.violations
            )
            % {"count": books.violations},
            text=_("manage.py verify_ledger names each with its order. Nothing is corrected by itself."),
            tone=DANGER,
            url=_address("admin:ledger_ledgerviolation_changelist"),
            label=_("Show them"),
        )
    is_used = books.begun_at is not None and books.begun_at < now - PROVED_WITHIN
    if (
        is_used
        and not books.violations
        and (books.proved_at is None or books.proved_at < now - PROVED_WITHIN)
    ):
        yield Problem(
            title=_("The books aren’t proved any more"),
            text=_(
                "They are every minute while a worker runs. See the sweeps below, or run manage.py verify_ledger."
            ),
        )
    if books.seal_lag > SEALED_WITHIN:
        yield Problem(
            title=_("The ledger isn’t sealed"),
            text=_(
                "The oldest posting waits since %(age)s: a transaction that stays open in the database holds it up."
            )
            % {"age": age_in_words(books.unsealed_since or now)},
        )
    yield from _comparison(books)


def _comparison(books: Books) -> Iterator[Problem]:
    old = timezone.now() - COMPARED_WITHIN
    if books.begun_at and books.begun_at < old and (books.compared_at is None or books.compared_at < old):
        yield Problem(
            title=_("Stripe and the books aren’t compared"),
            text=_("They are every hour. Run manage.py reconcile: it says what stops it."),
        )
    if books.differences:
        yield Problem(
            title=ngettext(
                "Stripe and the books differ",
                "Stripe and the books differ in %(count)d places",
                books.differences,
            )
            % {"count": books.differences},
            text=_(
                "Wait for the next hour first: an event that is late clears it. Then look each id up at Stripe."
            ),
            tone=DANGER,
            url=_address("adminpanel:exceptions"),
            label=_("Show them"),
        )
    if books.revenue_at and books.revenue_at < timezone.now() - REVENUE_WITHIN:
        yield Problem(
            title=_("Revenue isn’t refreshed"),
            text=_("Last %(age)s. The figures stay right and grow slower: manage.py refresh_revenue.")
            % {"age": age_in_words(books.revenue_at)},
        )


def _database(database: Database) -> Iterator[Problem]:
    if database.longest and database.longest > TRANSACTION_WITHIN:
        yield Problem(
            title=_("A transaction stays open in the database"),
            text=_(
                "For %(minutes)d minutes now. It holds up the ledger’s seal and vacuum: find it in pg_stat_activity."
            )
            % {"minutes": database.longest.total_seconds() // 60},
        )
    if database.connections * 100 > database.most_connections * MOST_SESSIONS:
        yield Problem(
            title=_("The database is almost out of connections"),
            text=_("%(used)d of %(most)d. Lower DATABASE_POOL_SIZE, or let PostgreSQL take more.")
            % {"used": database.connections, "most": database.most_connections},
            tone=DANGER,
        )


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
