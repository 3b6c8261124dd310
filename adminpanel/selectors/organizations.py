"""Staff's list of organizations: newest first, a page by key, with what each sold and what it pays.

Everything beside the organizations themselves is read for the rows of one page only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Count, Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership, Organization, Role, User
from adminpanel.selectors.organization import TONES
from adminpanel.selectors.pages import PageByKey
from adminpanel.selectors.periods import DAY, Range, today
from connect.account_groups import AccountGroup, group_of
from connect.models import AccountState, ConnectedAccount
from connect.selectors import get_terms_of_many, status_of
from connect.services.fees import FeeTermsInForce, rate_text
from maly.money import format_amount, share_of
from ticketing.models import Dispute

PAGE_SIZE = 25
LONGEST_SEARCH = 100
RECENT_DAYS = 30
DOLLARS = "usd"
FLAGGED = "flagged"
# Banks that only ask haven't disputed anything yet.
INQUIRIES = (
    Dispute.Status.WARNING_NEEDS_RESPONSE,
    Dispute.Status.WARNING_UNDER_REVIEW,
    Dispute.Status.WARNING_CLOSED,
)
SOLD = """
SELECT organization_id, currency, sum(gmv)::bigint, sum(order_count)::bigint FROM platform_revenue
WHERE organization_id = ANY(%s) AND date BETWEEN %s AND %s GROUP BY 1, 2 HAVING sum(order_count) > 0
ORDER BY 3 DESC, 2
"""


@dataclass(frozen=True, kw_only=True)
class OrganizationFilters:
    """What the list is narrowed down to: a search, and a group of accounts or `flagged`."""

    search: str = ""
    status: str = ""

    @property
    def is_active(self) -> bool:
        return self != OrganizationFilters()

    def query(self, **more: str) -> str:
        values = {"q": self.search, "status": self.status, **more}
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True)
class Sold:
    """What was sold of late in one currency, in minor units, and in how many orders."""

    currency: str
    amount: int
    orders: int


@dataclass(frozen=True)
class OrganizationRow:
    """One organization of the list."""

    organization: Organization
    owner: User | None
    sold: list[Sold]
    disputes: int
    terms: FeeTermsInForce | None

    @property
    def account(self) -> ConnectedAccount | None:
        return getattr(self.organization, "account", None)

    @property
    def state(self) -> AccountState:
        return status_of(self.account).state

    @property
    def tone(self) -> str:
        return TONES.get(self.state, "")

    @property
    def orders(self) -> int:
        return sum(one.orders for one in self.sold)

    @property
    def dispute_rate(self) -> str:
        return rate_of(self.disputes, self.orders)

    @property
    def rate(self) -> str:
        if self.terms is None:
            return "–"
        fixed = format_amount(self.terms.fixed_amount, self.terms.currency)
        return f"{rate_text(self.terms.percent)}% + {fixed}"


@dataclass(frozen=True)
class Tab:
    """One group of organizations: its name, how many there are, its address, whether it is shown."""

    label: str
    count: int
    query: str
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class OrganizationList(PageByKey):
    """One page of the list."""

    rows: list[OrganizationRow]
    filters: OrganizationFilters
    tabs: list[Tab] = field(default_factory=list)
    newer: str = ""
    older: str = ""


def list_organizations(
    filters: OrganizationFilters, *, before: str = "", after: str = ""
) -> OrganizationList:
    """A page in eight statements: older than `before`, newer than `after` (slugs), or the newest."""
    found = _page(find_organizations(filters), before, after)
    has_more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    if after:
        found.reverse()
    newest, oldest = (found[0].slug, found[-1].slug) if found else ("", "")
    return OrganizationList(
        rows=make_rows(found),
        filters=filters,
        tabs=_tabs(filters),
        newer=newest if (has_more if after else before) else "",
        older=oldest if (after or has_more) else "",
    )


def find_organizations(filters: OrganizationFilters) -> QuerySet[Organization]:
    """The organizations that fit, in no order, each with its current account as `account`."""
    organizations = _searched(filters.search).select_related("account")
    if filters.status == FLAGGED:
        return organizations.filter(flagged_at__isnull=False)
    return organizations.filter(group=filters.status) if filters.status else organizations


def make_rows(organizations: Sequence[Organization]) -> list[OrganizationRow]:
    """The rows of these organizations, read together in six statements."""
    owners, sold = owners_of(organizations), sold_by(organizations)
    disputes = disputes_of(organizations)
    wanted = [(each, _main_currency(sold.get(each.pk))) for each in organizations]
    terms = get_terms_of_many(wanted)
    return [
        OrganizationRow(
            organization=each,
            owner=owners.get(each.pk),
            sold=sold.get(each.pk, []),
            disputes=disputes.get(each.pk, 0),
            terms=terms.get((each.pk, currency)),
        )
        for each, currency in wanted
    ]


def recent() -> Range:
    """The last 30 days of the platform, today included."""
    last = today()
    return Range(last - DAY * (RECENT_DAYS - 1), last)


def rate_of(part: int, whole: int) -> str:
    """A share in percent with one decimal, for people; a dash of nothing."""
    if not whole:
        return "–"
    tenths = share_of(1000, part, whole)
    return f"{tenths // 10}.{tenths % 10}%"


def sold_by(organizations: Sequence[Organization]) -> dict[int, list[Sold]]:
    """What organizations sold in the last 30 days, the most first, by their id."""
    chosen = recent()
    found: dict[int, list[Sold]] = {}
    with connection.cursor() as cursor:
        cursor.execute(SOLD, [[each.pk for each in organizations], chosen.since, chosen.until])
        for organization_id, *rest in cursor.fetchall():
            found.setdefault(organization_id, []).append(Sold(*rest))
    return found


def disputes_of(organizations: Sequence[Organization]) -> dict[int, int]:
    """How many disputes were opened against each in the last 30 days."""
    since = timezone.now() - timedelta(days=RECENT_DAYS)
    opened = Dispute.objects.filter(organization__in=organizations, opened_at__gte=since)
    counted = opened.exclude(status__in=INQUIRIES).order_by().values("organization")
    return dict(counted.annotate(count=Count("pk")).values_list("organization", "count"))


def owners_of(organizations: Sequence[Organization]) -> dict[int, User]:
    """The first owner of each."""
    owners = Membership.objects.filter(organization__in=organizations, role=Role.OWNER)
    first = owners.select_related("user").order_by("organization", "created_at", "id")
    return {owner.organization_id: owner.user for owner in first.distinct("organization")}


def _page(matching: QuerySet[Organization], before: str, after: str) -> list[Organization]:
    """One more than the page has, beginning at the page's edge."""
    edge = Organization.objects.filter(slug=(after or before).replace("\x00", "")).values("pk")[:1]
    if after:
        return list(matching.filter(pk__gt=edge).order_by("pk")[: PAGE_SIZE + 1])
    if before:
        matching = matching.filter(pk__lt=edge)
    return list(matching.order_by("-pk")[: PAGE_SIZE + 1])


def _searched(search: str) -> QuerySet[Organization]:
    """By what is in the name, the address, or an owner's email."""
    is_current = Q(connected_accounts__is_current=True)
    organizations = Organization.objects.annotate(
        account=FilteredRelation("connected_accounts", condition=is_current), group=group_of("account")
    )
    if not search:
        return organizations
    owners = Membership.objects.filter(
        organization=OuterRef("pk"), role=Role.OWNER, user__email__icontains=search
    )
    return organizations.filter(Q(name__icontains=search) | Q(slug__icontains=search) | Exists(owners))


def _tabs(filters: OrganizationFilters) -> list[Tab]:
    """Every group of what the search finds, counted in one statement."""
    counts = {group.value: Count("pk", filter=Q(group=group)) for group in AccountGroup}
    flagged = Count("pk", filter=Q(flagged_at__isnull=False))
    counted = _searched(filters.search).aggregate(all=Count("pk"), flagged=flagged, **counts)
    names = [
        ("", _("All"), counted["all"]),
        *((group.value, str(group.label), counted[group.value]) for group in AccountGroup),
        (FLAGGED, _("Flagged"), counted["flagged"]),
    ]
    return [
        Tab(
            label,
            count,
            OrganizationFilters(search=filters.search, status=value).query(),
            value == filters.status,
        )
        for value, label, count in names
    ]


def _main_currency(sold: list[Sold] | None) -> str:
    return sold[0].currency if sold else DOLLARS
