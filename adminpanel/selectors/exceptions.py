"""Where Stripe and the books differ, and where the books break their own rules: what waits longest first.

Amounts are minor units of the exception's currency; Stripe may hold one that nothing here is sold in.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry, Organization
from adminpanel.selectors.audit import AuditRow
from adminpanel.selectors.audit_words import masked
from adminpanel.selectors.pages import PAGE_SIZE, NumberedPage, Tab
from ledger.models import LedgerEntry, LedgerViolation
from ledger.registry import all_invariants
from payouts.models import BalanceTransaction, MoneyException, Reconciliation
from payouts.services.reconciliation.suspense import is_suspended, organization_of
from payouts.services.reconciliation.words import in_words
from payouts.wording.ages import age_in_words
from payouts.wording.trail import in_words as kind_in_words

MOST_VIOLATIONS = 50
MOST_MOVEMENTS = 20
OURS = "ledger:"
TABS: dict[str, tuple[Promise, Q]] = {
    "open": (gettext_lazy("Open"), Q(cleared_at=None, acknowledged_at=None)),
    "seen": (gettext_lazy("Somebody is at it"), Q(cleared_at=None, acknowledged_at__isnull=False)),
    "cleared": (gettext_lazy("Cleared"), Q(cleared_at__isnull=False)),
}


@dataclass(frozen=True)
class ExceptionRow:
    """One difference in words."""

    exception: MoneyException

    @property
    def what(self) -> str:
        return str(self.exception.get_kind_display())

    @property
    def about(self) -> str:
        """The id that it is about."""
        return masked(self.exception.subject.rpartition(":")[2])

    @property
    def words(self) -> str:
        return masked(self.exception.words)

    @property
    def age(self) -> str:
        return age_in_words(self.exception.first_seen_at)

    @property
    def expected(self) -> str:
        return self._amount(self.exception.expected_amount)

    @property
    def found(self) -> str:
        return self._amount(self.exception.found_amount)

    @property
    def difference(self) -> str:
        """Stripe's amount less ours."""
        ours, theirs = self.exception.found_amount, self.exception.expected_amount
        return "" if ours is None and theirs is None else self._amount((theirs or 0) - (ours or 0))

    def _amount(self, amount: int | None) -> str:
        return "" if amount is None else in_words(amount, self.exception.currency)


@dataclass(frozen=True)
class ViolationRow:
    """A rule of the ledger that is broken."""

    violation: LedgerViolation
    rule: str

    @property
    def order(self) -> str:
        """The code of the order that breaks it, if it is one."""
        kind, _colon, code = self.violation.subject.partition(":")
        return code if kind == "order" else ""

    @property
    def detail(self) -> str:
        return masked(self.violation.detail)


@dataclass(frozen=True, kw_only=True)
class ExceptionList(NumberedPage):
    """One page of a tab, what the ledger itself finds wrong, and when Stripe was last compared."""

    rows: list[ExceptionRow]
    tabs: list[Tab]
    tab: str
    number: int
    count: int
    violations: list[ViolationRow]
    last_run: Reconciliation | None


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What one side has of it: at Stripe a balance transaction, with us a posting."""

    id: str
    words: str
    amount: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ExceptionDetail:
    """One difference with both of its sides, and who has looked at it."""

    row: ExceptionRow
    books: str
    organization: Organization | None
    theirs: list[Movement]
    ours: list[Movement]
    history: list[AuditRow]
    may_explain: bool

    @property
    def exception(self) -> MoneyException:
        return self.row.exception

    @cached_property
    def ids(self) -> list[str]:
        """Stripe's ids of it, by which transactions are found."""
        return [masked(each) for each in self.exception.ids if not each.startswith(OURS)]


def list_exceptions(*, tab: str = "", number: int = 1) -> ExceptionList:
    """A page of a tab, the oldest first, in four statements; an unknown tab is the first one."""
    tab = tab if tab in TABS else next(iter(TABS))
    counts = MoneyException.objects.aggregate(
        **{key: Count("pk", filter=part) for key, (_label, part) in TABS.items()}
    )
    number = max(1, min(number, -(-counts[tab] // PAGE_SIZE)))
    begin = (number - 1) * PAGE_SIZE
    found = MoneyException.objects.select_related("acknowledged_by").filter(TABS[tab][1])
    order = ("-cleared_at", "-pk") if tab == "cleared" else ("first_seen_at", "pk")
    return ExceptionList(
        rows=[ExceptionRow(row) for row in found.order_by(*order)[begin : begin + PAGE_SIZE]],
        tabs=[Tab(key, label, counts[key], key == tab) for key, (label, _part) in TABS.items()],
        tab=tab,
        number=number,
        count=counts[tab],
        violations=_list_violations(),
        last_run=Reconciliation.objects.order_by("-finished_at").first(),
    )


def find_exception(pk: int) -> MoneyException | None:
    return MoneyException.objects.select_related("acknowledged_by").filter(pk=pk).first()


def read_exception(exception: MoneyException) -> ExceptionDetail:
    """The page of a difference, in a fixed number of statements."""
    organization = organization_of(exception.books)
    entries = AuditEntry.objects.select_related("actor", "organization")
    is_unknown = exception.is_open and exception.kind == MoneyException.Kind.UNKNOWN
    return ExceptionDetail(
        row=ExceptionRow(exception),
        books=_books_in_words(exception.books, organization),
        organization=organization,
        theirs=_at_stripe(exception),
        ours=_in_ledger(exception),
        history=[
            AuditRow(entry)
            for entry in entries.filter(subject=f"money-exception:{exception.pk}").order_by("-id")
        ],
        may_explain=is_unknown and is_suspended(exception.subject.rpartition(":")[2]),
    )


def _books_in_words(books: str, organization: Organization | None) -> str:
    if organization is not None:
        return _("The balance of %(name)s at Stripe") % {"name": organization.name}
    return _("Our own balance at Stripe") if books else ""


def _at_stripe(exception: MoneyException) -> list[Movement]:
    ids = [each for each in exception.ids if not each.startswith(OURS)]
    named = Q(stripe_id__in=ids) | Q(source_id__in=ids)
    found = BalanceTransaction.objects.filter(named).order_by("created_at", "pk")[:MOST_MOVEMENTS]
    return [
        Movement(
            id=moved.stripe_id,
            words=moved.type.replace("_", " ").capitalize(),
            amount=in_words(moved.net_amount, moved.currency),
            at=moved.created_at,
            note=masked(moved.description),
        )
        for moved in found
    ]


def _in_ledger(exception: MoneyException) -> list[Movement]:
    """The postings that it names, as far as they touch the books that it is about."""
    posted = [each.removeprefix(OURS) for each in exception.ids if each.startswith(OURS)]
    entries = LedgerEntry.objects.select_related("transaction", "account").filter(
        transaction__in=[int(each) for each in posted if each.isdigit()], account__code=exception.books
    )
    return [
        Movement(
            id=entry.transaction.source,
            words=kind_in_words(entry.transaction.kind),
            amount=in_words(entry.amount, entry.account.currency),
            at=entry.transaction.occurred_at,
            note=entry.transaction.subject,
        )
        for entry in entries.order_by("transaction__occurred_at", "pk")[:MOST_MOVEMENTS]
    ]


def _list_violations() -> list[ViolationRow]:
    rules = {each.code: each.what for each in all_invariants()}
    found = LedgerViolation.objects.filter(cleared_at=None).order_by(F("first_seen_at"), "pk")
    gone = _("A rule that is no longer checked.")
    return [ViolationRow(each, rules.get(each.code, gone)) for each in found[:MOST_VIOLATIONS]]
