"""What is paid out next: schedule, bank and balance as Stripe says now, or as they were last seen."""

from calendar import monthrange
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from django.utils import timezone

from accounts.models import Organization
from connect.errors import GatewayError, OrganizerNotConnected
from connect.models import ConnectedAccount
from connect.stripe_objects import Bank, PayoutSchedule
from ledger import chart
from payouts.access import require_account
from payouts.models import BalanceComparison, LastSeen
from payouts.services.balances import Money
from payouts.services.last_seen import look_now
from payouts.services.schedules import WEEKDAYS
from payouts.wording.ages import age_in_words
from payouts.wording.payouts import bank_in_words, schedule_in_words

LAST_WORKING_DAY = 4  # Friday


@dataclass(frozen=True, kw_only=True)
class NextPayout:
    """`available` and `pending` are what Stripe held at `as_of`; `is_late` says that it wasn't asked this time.

    An account that was never looked at has `last_known` alone: both together, as the reconciliation saw them.
    """

    is_connected: bool = True
    is_answered: bool = True
    is_late: bool = False
    is_stopped: bool = False
    schedule: PayoutSchedule | None = None
    bank: Bank | None = None
    on: date | None = None
    available: list[Money] = field(default_factory=list)
    pending: list[Money] = field(default_factory=list)
    last_known: list[Money] = field(default_factory=list)
    as_of: datetime | None = None

    @property
    def words(self) -> str:
        """The schedule: Weekly, on Mondays."""
        return schedule_in_words(self.schedule) if self.schedule else ""

    @property
    def age(self) -> str:
        """How old this is: 2 min ago."""
        return age_in_words(self.as_of) if self.as_of else ""

    @property
    def is_manual(self) -> bool:
        return self.schedule is not None and self.schedule.interval == "manual"

    @property
    def has_money(self) -> bool:
        return any(each.amount > 0 for each in self.available)

    @property
    def bank_words(self) -> str:
        """Where it goes: ····6789."""
        return bank_in_words(self.bank.last4) if self.bank else ""

    @property
    def is_bank_refused(self) -> bool:
        """Whether Stripe sends nothing there any more, since a payout came back from it."""
        return self.bank is not None and not self.bank.is_usable


def read_next_payout(organization: Organization, *, ask: bool = True) -> NextPayout:
    """What comes next, asking Stripe twice at most, or with `ask=False` not at all.

    A Stripe that doesn't answer spoils nothing: what was last seen is told with its age.
    """
    try:
        account = require_account(organization)
    except OrganizerNotConnected:
        return NextPayout(is_connected=False)
    account.organization = organization
    if not ask:
        return known_payout(account)
    try:
        return _as_seen(look_now(account))
    except GatewayError:
        return replace(known_payout(account), is_answered=False, is_late=False)


def known_payout(account: ConnectedAccount) -> NextPayout:
    """What comes next as it was last seen, or before anybody looked what the reconciliation saw; Stripe isn't asked."""
    return replace(seen_payout(account) or _as_compared(account), is_late=True)


def seen_payout(account: ConnectedAccount) -> NextPayout | None:
    """What came next when somebody last looked; one statement."""
    seen = LastSeen.objects.filter(connected_account=account).first()
    return _as_seen(seen) if seen else None


def _as_seen(seen: LastSeen) -> NextPayout:
    is_stopped = not (seen.payouts_enabled and seen.is_bank_usable)
    return NextPayout(
        is_stopped=is_stopped,
        schedule=seen.payout_schedule,
        bank=seen.bank,
        on=None if is_stopped else next_payout_day(seen.payout_schedule, timezone.now().date()),
        available=_rows(seen.available, seen),
        pending=_rows(seen.pending, seen),
        as_of=seen.seen_at,
    )


def next_payout_day(schedule: PayoutSchedule, today: date) -> date | None:
    """The next day after `today` (UTC) on which Stripe makes a payout by itself; None under a manual schedule."""
    tomorrow = today + timedelta(days=1)
    if schedule.interval == "daily":
        is_weekend = tomorrow.weekday() > LAST_WORKING_DAY
        return tomorrow + timedelta(days=7 - tomorrow.weekday() if is_weekend else 0)
    if schedule.interval == "weekly" and schedule.weekly_anchor in WEEKDAYS:
        wait = (WEEKDAYS.index(schedule.weekly_anchor) - tomorrow.weekday()) % 7
        return tomorrow + timedelta(days=wait)
    if schedule.interval == "monthly" and schedule.monthly_anchor:
        return _on_day(tomorrow, schedule.monthly_anchor)
    return None


def _on_day(earliest: date, day: int) -> date:
    """The first such day of a month from `earliest` on; the last one of a month that is shorter."""
    found = earliest.replace(day=min(day, monthrange(earliest.year, earliest.month)[1]))
    if found >= earliest:
        return found
    following = (earliest.replace(day=1) + timedelta(days=32)).replace(day=1)
    return _on_day(following, day)


def _as_compared(account: ConnectedAccount) -> NextPayout:
    """What the last reconciliation saw."""
    books = chart.connected(account.organization).code
    rows = list(BalanceComparison.objects.filter(books=books).order_by("currency"))
    return NextPayout(
        is_stopped=not account.payouts_enabled,
        last_known=[Money(amount=row.stripe_amount, currency=row.currency) for row in rows],
        as_of=min((row.compared_at for row in rows), default=None),
    )


def _rows(amounts: dict[str, int], seen: LastSeen) -> list[Money]:
    """A row for each currency that the balance has anything in, the same ones for both of its parts."""
    currencies = sorted({*seen.available, *seen.pending})
    return [Money(amount=amounts.get(currency, 0), currency=currency) for currency in currencies]
