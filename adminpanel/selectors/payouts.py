"""Everybody's payouts: those that failed and weren't made up for first, then all of them, newest first, by key.

Amounts are minor units of the payout's currency.
"""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Organization
from adminpanel.selectors.messages_sent import MessageRow, read_messages
from adminpanel.selectors.pages import PageByKey
from payouts.models import OrganizerPayout, PayoutRequest, PayoutStatus, PlatformPayout
from payouts.selectors.payout_contents import Contents, read_contents
from payouts.selectors.payout_list import PayoutRow
from payouts.wording.payouts import status_in_words

PAGE_SIZE = 25
# So many stand above the list; the filter has all of them.
MOST_FAILED = 10
MOST_OF_OURS = 5
# What shows that a bank takes an account's money again.
GOES_ON = (PayoutStatus.PENDING, PayoutStatus.IN_TRANSIT, PayoutStatus.PAID)
# Failures first: what one would look for.
STATUSES = (
    PayoutStatus.FAILED,
    PayoutStatus.CANCELED,
    PayoutStatus.PENDING,
    PayoutStatus.IN_TRANSIT,
    PayoutStatus.PAID,
)


@dataclass(frozen=True, kw_only=True)
class PayoutFilters:
    """What the list is narrowed down to; empty parts narrow nothing."""

    search: str = ""
    organization: Organization | None = None
    status: str = ""

    @property
    def is_active(self) -> bool:
        return self != PayoutFilters()

    def query(self, **more: str) -> str:
        """The filters as the address has them, with more parameters behind them."""
        slug = self.organization.slug if self.organization else ""
        values = {"q": self.search, "organization": slug, "status": self.status}
        return urlencode({name: value for name, value in {**values, **more}.items() if value})


@dataclass(frozen=True, kw_only=True)
class PayoutList(PageByKey):
    """One page, what stands above it (`failed`) and below it (`ours`): both only where nothing is narrowed down."""

    rows: list[PayoutRow] = field(default_factory=list)
    filters: PayoutFilters = field(default_factory=PayoutFilters)
    failed: list[PayoutRow] = field(default_factory=list)
    has_more_failed: bool = False
    ours: list[PlatformPayout] = field(default_factory=list)
    newer: str = ""
    older: str = ""

    @property
    def is_first_use(self) -> bool:
        """Nobody was ever paid out."""
        return not (self.rows or self.ours or self.filters.is_active)


@dataclass(frozen=True, kw_only=True)
class PayoutDetail:
    """One payout with a page of its lines, and what its organizer was told of it."""

    row: PayoutRow
    contents: Contents
    messages: list[MessageRow]
    is_made_up_for: bool
    asked_by: str

    @property
    def payout(self) -> OrganizerPayout:
        return self.row.payout

    @property
    def history(self) -> list[tuple[datetime, str]]:
        """What happened, oldest first. A payout that was paid may have come back days later."""
        payout = self.payout
        came_back = _("Cancelled, back in the balance")
        if self.row.is_failed:
            came_back = _("Failed, back in the balance")
        steps = [
            (payout.created_at, self.asked_by or _("Made by the schedule")),
            (payout.paid_at, _("Paid into the bank")),
            (payout.failed_at if payout.is_sent_back else None, came_back),
        ]
        return [(at, words) for at, words in steps if at]


def status_choices() -> list[tuple[str, str]]:
    return [(str(status), status_in_words(status)) for status in STATUSES]


def find_payouts(filters: PayoutFilters) -> QuerySet[OrganizerPayout]:
    """The payouts that fit, in no order."""
    payouts = OrganizerPayout.objects.select_related("organization", "connected_account")
    if filters.search:
        payouts = payouts.filter(stripe_payout_id=filters.search)
    if filters.organization:
        payouts = payouts.filter(organization=filters.organization)
    return payouts.filter(status=filters.status) if filters.status else payouts


def list_payouts(
    filters: PayoutFilters, *, before: int | None = None, after: int | None = None
) -> PayoutList:
    """A page of them: older than `before`, newer than `after` (our own ids), or the newest."""
    found = _page(filters, before, after)
    has_more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    if after:
        found.reverse()
    newest, oldest = (str(found[0].pk), str(found[-1].pk)) if found else ("", "")
    is_begin = not (filters.is_active or before or after)
    failed = list(not_made_up_for()[: MOST_FAILED + 1]) if is_begin else []
    ours = PlatformPayout.objects.order_by("-created_at", "-pk")[:MOST_OF_OURS] if is_begin else []
    return PayoutList(
        rows=[PayoutRow(payout) for payout in found],
        filters=filters,
        failed=[PayoutRow(payout) for payout in failed[:MOST_FAILED]],
        has_more_failed=len(failed) > MOST_FAILED,
        ours=list(ours),
        newer=newest if (has_more if after else before) else "",
        older=oldest if (after or has_more) else "",
    )


def read_payout(stripe_id: str, *, number: int = 1) -> PayoutDetail | None:
    """The page of a payout, by Stripe's id; None where there is none."""
    payouts = find_payouts(PayoutFilters(search=stripe_id.replace("\x00", "")))
    payout = payouts.order_by("pk").first() if stripe_id else None
    if payout is None:
        return None
    keys = Q(key__startswith=f"payout_failed:{payout.pk}:") | Q(key__startswith=f"payout_sent:{payout.pk}:")
    return PayoutDetail(
        row=PayoutRow(payout),
        contents=read_contents(payout, number=number),
        messages=read_messages(keys),
        is_made_up_for=payout.is_sent_back and _made_since(payout).exists(),
        asked_by=_asked_by(payout),
    )


def not_made_up_for() -> QuerySet[OrganizerPayout]:
    """Those that failed, and nothing has left the same balance for the bank since; the newest failure first."""
    since = OrganizerPayout.objects.filter(
        connected_account=OuterRef("connected_account"),
        organization=OuterRef("organization"),
        currency=OuterRef("currency"),
        created_at__gt=OuterRef("created_at"),
        status__in=GOES_ON,
    )
    failed = find_payouts(PayoutFilters(status=PayoutStatus.FAILED))
    return failed.filter(~Exists(since)).order_by("-created_at", "-pk")


def _asked_by(payout: OrganizerPayout) -> str:
    """Who had it made, in words; empty where the schedule did."""
    if payout.automatic:
        return ""
    request = PayoutRequest.objects.select_related("requested_by").filter(payout=payout).first()
    if request is None:
        return _("Made by hand at Stripe")
    if request.requested_by is None:
        return _("Released after being held")
    return _("Asked for by %(person)s") % {"person": request.requested_by.email}


def _made_since(payout: OrganizerPayout) -> QuerySet[OrganizerPayout]:
    return OrganizerPayout.objects.filter(
        organization=payout.organization_id,
        connected_account=payout.connected_account_id,
        currency=payout.currency,
        created_at__gt=payout.created_at,
        status__in=GOES_ON,
    )


def _page(filters: PayoutFilters, before: int | None, after: int | None) -> list[OrganizerPayout]:
    """One payout more than the page has, beginning at the page's edge."""
    payouts = find_payouts(filters).order_by("-created_at", "-id")
    edge = after or before
    beside = OrganizerPayout.objects.filter(pk=edge).only("id", "created_at").first() if edge else None
    if beside is None:
        return list(payouts[: PAGE_SIZE + 1])
    side = "gt" if after else "lt"
    found = payouts.reverse() if after else payouts
    here = found.filter(**{f"created_at__{side}e": beside.created_at})
    beyond = here.filter(Q(**{f"created_at__{side}": beside.created_at}) | Q(**{f"id__{side}": beside.pk}))
    return list(beyond[: PAGE_SIZE + 1])
