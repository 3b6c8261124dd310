"""What is paid out next: the schedule and balance as Stripe says now, or the balance as it was last seen."""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.utils import timezone

from accounts.models import Organization
from connect import gateway
from connect.errors import GatewayError, OrganizerNotConnected
from connect.models import ConnectedAccount
from connect.stripe_objects import Balance, PayoutSchedule
from ledger import chart
from payouts.access import require_account
from payouts.models import BalanceComparison
from payouts.services.balances import Money
from payouts.services.schedules import WEEKDAYS
from payouts.wording.payouts import schedule_in_words

LAST_WORKING_DAY = 4  # Friday


@dataclass(frozen=True, kw_only=True)
class NextPayout:
    """`available` and `pending` are what Stripe holds now; without an answer `last_known` is both, as of `as_of`."""

    is_connected: bool = True
    is_answered: bool = True
    is_stopped: bool = False
    schedule: PayoutSchedule | None = None
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
    def is_manual(self) -> bool:
        return self.schedule is not None and self.schedule.interval == "manual"

    @property
    def has_money(self) -> bool:
        return any(each.amount > 0 for each in self.available)


def read_next_payout(organization: Organization) -> NextPayout:
    """What comes next, asking Stripe twice at most; a Stripe that doesn't answer spoils nothing."""
    try:
        account = require_account(organization)
    except OrganizerNotConnected:
        return NextPayout(is_connected=False)
    account_id = str(account.stripe_account_id)
    as_of = timezone.now()
    try:
        seen = gateway.retrieve_account(account_id)
        balance = gateway.retrieve_balance(account_id)
    except GatewayError:
        return _last_known(account)
    return NextPayout(
        is_stopped=not seen.payouts_enabled,
        schedule=seen.payout_schedule,
        on=next_payout_day(seen.payout_schedule, as_of.date()) if seen.payouts_enabled else None,
        available=_rows(balance.available, balance),
        pending=_rows(balance.pending, balance),
        as_of=as_of,
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


def _last_known(account: ConnectedAccount) -> NextPayout:
    """What the last reconciliation saw."""
    books = chart.connected(account.organization).code
    rows = list(BalanceComparison.objects.filter(books=books).order_by("currency"))
    return NextPayout(
        is_answered=False,
        is_stopped=not account.payouts_enabled,
        last_known=[Money(amount=row.stripe_amount, currency=row.currency) for row in rows],
        as_of=min((row.compared_at for row in rows), default=None),
    )


def _rows(amounts: dict[str, int], balance: Balance) -> list[Money]:
    """A row for each currency that the balance has anything in, the same ones for both of its parts."""
    currencies = sorted({*balance.available, *balance.pending})
    return [Money(amount=amounts.get(currency, 0), currency=currency) for currency in currencies]
