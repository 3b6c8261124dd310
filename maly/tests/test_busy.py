"""Many orders: that the seed's copies are right, and that no list reads all orders to show a page of them."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Organization, User
from accounts.tests.factories import PASSWORD
from ledger.services.verification import verify_ledger
from maly.seed import busy
from maly.seed.stripe import Stripe
from maly.tests.policies import PAGES, STAFF_PAGES
from payouts.services.reconciliation.runs import reconcile
from ticketing.models import Event, Order, Ticket

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.unsettled("Stripe has never heard of the copies"),
]
ORDERS, EACH = 8_000, 20
# Tables that grow with every order.
BIG = "ticketing_(order|orderline|ticket|payment)|ledger_ledger(transaction|entry)|notifications_message"
WHOLE = re.compile(rf"Seq Scan on ({BIG})\b")
READS = re.compile(r"^\s*(SELECT|WITH)\b", re.IGNORECASE)
# Lists of one organization whose pages name nothing else.
ORGANIZER = ("dashboard/", "dashboard/events/", "dashboard/orders/", "dashboard/orders/export.csv")
SEARCHES = {
    "dashboard/orders/": ("?status=paid", "?date=30d", "?q=buyer1000"),
    "admin/transactions/": (
        "?status=refunded",
        "?organization=busy-hall-7",
        "?q=M-ZZZZZZZ",
        "?q=a@example.com",
    ),
    "admin/organizations/": ("?q=hall", "?status=connected"),
}


class PatientStripe(Stripe):
    """Stripe's side, whose asynchronous work is done as soon as something was paid."""

    def __init__(self, base: str, pump: Callable[[], Any]) -> None:
        super().__init__(base)
        self.pump = pump

    def pay(self, session_id: str, card: str = "4242424242424242") -> dict[str, Any]:
        paid = super().pay(session_id, card)
        self.pump()
        return paid


@pytest.fixture
def market(sandbox: Any, settings: Any, staff: User, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    monkeypatch.setattr(busy, "ORDERS_EACH", EACH)
    monkeypatch.setattr(busy, "AT_ONCE", 250)
    stripe = PatientStripe(settings.STRIPE_API_BASE, sandbox.pump)
    return lambda: busy.make_busy(stripe, orders=ORDERS, tell=lambda _line: None)


def test_copies_keep_every_rule_and_no_list_reads_all_of_them(market: Callable[[], int], staff: User) -> None:
    assert market() == ORDERS
    assert market() == 0
    assert Order.objects.filter(organization__slug__startswith="busy-hall-").count() == ORDERS
    assert Ticket.objects.values("code").distinct().count() == Ticket.objects.count()
    assert verify_ledger().violations == []
    assert reconcile().open == []
    owner = Organization.objects.get(slug="busy-hall-7").members.get()
    assert list(whole_reads(owner, organizer_pages(owner))) == []
    assert list(whole_reads(staff, staff_pages())) == []
    assert WHOLE.search(plan_of("SELECT * FROM ticketing_order WHERE name = 'Ada Obi'"))  # what is looked for


def organizer_pages(owner: User) -> Iterator[str]:
    organization = Membership.objects.get(user=owner).organization
    event = Event.objects.filter(organization=organization).first()
    assert event
    assert set(ORGANIZER) <= set(PAGES)
    yield from with_searches(ORGANIZER)
    yield from (f"/dashboard/events/{event.slug}/{part}" for part in ("", "attendees/", "attendees.csv"))


def staff_pages() -> Iterator[str]:
    """Every page of the cockpit that names nothing, but for the files that hold everything."""
    yield from with_searches(
        route for route in STAFF_PAGES if "{" not in route and not route.endswith(".csv")
    )


def with_searches(routes: Any) -> Iterator[str]:
    for route in routes:
        yield from (f"/{route}{search}" for search in ("", *SEARCHES.get(route, ())))


def whole_reads(user: User, pages: Iterator[str]) -> Iterator[str]:
    """The statements of these pages that read a whole table which grows with every order."""
    client = Client()
    client.force_login(user)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    for page in pages:
        with CaptureQueriesContext(connection) as seen:
            answer = client.get(page)
            if answer.streaming:
                b"".join(answer.streaming_content)  # type: ignore[arg-type]
        assert answer.status_code in (200, 302), page
        for query in seen.captured_queries:
            if READS.match(query["sql"]) and (found := WHOLE.search(plan_of(query["sql"]))):
                yield f"{page}: {found[0]}: {query['sql'][:300]}"


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"), [])
        return "\n".join(row[0] for row in cursor.fetchall())
