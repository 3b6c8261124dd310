"""Every page of the organizer's house, generated from the URLconf, in every look, by keyboard and without script."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now
from playwright.sync_api import Page

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory
from connect.models import ConnectedAccount
from maly.tests.house import House, Names
from maly.tests.looks import Look, keyboard_problems
from maly.tests.policies import EVENT, ORDER, PAGES, PAYMENTS
from maly.tests.server import Site, sign_in, sign_in_again
from payouts.models import OrganizerPayout, PayoutLine
from payouts.services.holding import hold_payouts
from payouts.tests.factories import OrganizerPayoutFactory
from ticketing.models import Order
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.broken_books("payouts of a factory, which nothing posts"),
]
OpenPage = Callable[..., Page]
# Addresses that show no page of ours: files, a piece of a page, and the way to Stripe.
NO_PAGES = re.compile(r"\.(csv|pdf)$|/tickets/price/$|/payments/refresh/$|/billing/(change|return)/$")
ROUTES = [route for route, asks in PAGES.items() if "GET" in asks and not NO_PAGES.search(route)]
# Other states of a page, by its route.
STATES = {
    "dashboard/events/": ("?tab=draft", "?tab=past", "?tab=cancelled", "?q=nothing", "?page=2"),
    "dashboard/orders/": ("?status=paid&status=disputed&date=7d&q=a", "?q=nobody"),
    f"{EVENT}attendees/": ("?tab=cancelled", "?q=nobody"),
    "dashboard/insight/": ("?period=52",),
    "dashboard/payouts/": ("?status=in_transit",),
}
EMPTY = (
    "",
    "insight/",
    "settings/billing/",
    "events/",
    "orders/",
    "payouts/",
    "statements/",
    "team/",
    "settings/payments/",
)
BY_KEYBOARD = (
    "dashboard/",
    "dashboard/events/",
    f"{EVENT}edit/",
    "dashboard/orders/",
    ORDER,
    f"{ORDER}refund/",
    PAYMENTS,
    "dashboard/team/",
)
UNBREAKABLE = "A" + "bsolutelyunbreakable" * 5


def enter(page: Page, user: User) -> Page:
    sign_in(page, user.email)
    page.wait_for_url("**/dashboard/**")
    return page


def status_of(page: Page, path: str) -> int:
    return page.request.get(path).status


@pytest.fixture
def house(
    site: Site, organization: Organization, organizer: User, sandbox: Any, settle: Callable[[], None]
) -> House:
    return House(organization, organizer, sandbox, settle)


@pytest.fixture
def look(open_page: OpenPage, organizer: User) -> Look:
    """The organizer's window."""
    return Look(enter(open_page(), organizer))


def addresses(names: Names) -> list[str]:
    """Every page, with these things."""
    return ["/" + route.format(**vars(names)) for route in ROUTES]


def states(names: Names) -> list[str]:
    """What else an address can ask for."""
    pages = {"/" + route.format(**vars(names)): queries for route, queries in STATES.items()}
    return [page + query for page, queries in pages.items() for query in queries]


def furnish_oddly(house: House) -> list[str]:
    """What the tidy house lacks: long names, other statuses, failed and held payouts. Their pages."""
    long = EventFactory(organization=house.organization, title=UNBREAKABLE, slug="long")
    kinds: list[dict[str, Any]] = [
        {"price_amount": 0, "name": "Z" * 80},
        {"is_hidden": True},
        {"stopped_at": now()},
        {"sales_start": now() + timedelta(days=3)},
    ]
    types = [TicketTypeFactory(event=long, **kind) for kind in kinds]
    free = house.sell(types[0], 1, name="N" * 150, email=f"{'e' * 60}@{'example' * 8}.com")
    seat = TicketTypeFactory(event=long, name="Seat")
    paid, unpaid = house.sell(seat, 2), house.check_out(seat, 1)
    for status in ("draft", "paused", "cancelled"):
        EventFactory(organization=house.organization, title=status, slug=status, status=status)
    EventFactory.create_batch(20, organization=house.organization)
    MembershipFactory(organization=house.organization, role=Role.MANAGER, user__name="M" * 150)
    orders = [f"orders/{order.code}/" for order in (free, paid, unpaid)]
    pages = [f"events/{slug}/" for slug in ("long", "draft", "paused", "cancelled")]
    parts = ("long/tickets/", "draft/tickets/", "long/attendees/", "draft/attendees/", "draft/edit/")
    pages += [f"events/{part}" for part in (*parts, "cancelled/cancel/", "cancelled/tickets/")]
    failed = f"payouts/{make_payouts(house.account).stripe_payout_id}/"
    return [f"/dashboard/{page}" for page in ("", "team/", "events/", "orders/", *orders, *pages, failed)]


def make_payouts(account: ConnectedAccount) -> OrganizerPayout:
    """One of each status, the newest failed after it was paid, with lines."""
    for days, status in enumerate(("canceled", "pending", "in_transit", "paid"), start=1):
        made_at = now() - timedelta(days=days)
        OrganizerPayoutFactory(connected_account=account, status=status, created_at=made_at, amount=41200)
    ended = {"paid_at": now(), "failed_at": now(), "lines_synced_at": now()}
    failed: OrganizerPayout = OrganizerPayoutFactory(
        connected_account=account, status="failed", failure_code="account_closed", amount=93800, **ended
    )
    for number, kind in enumerate(("payment", "payment_refund", "adjustment")):
        PayoutLine.objects.create(
            payout=failed,
            balance_transaction_id=f"txn_{number}",
            type=kind,
            amount=31000,
            fee_amount=300,
            net_amount=30700,
            currency="usd",
            occurred_at=now(),
        )
    return failed


def test_every_page_is_for_everybody(look: Look, house: House, staff: User) -> None:
    problems = look.glance(f"/dashboard/{part}" for part in EMPTY)
    names = house.furnish()
    sign_in_again(look.page, f"/{PAYMENTS}disconnect/")
    problems += look.over(addresses(names))
    problems += look.glance([*furnish_oddly(house), *states(names)])
    hold_payouts(house.organization, days_after_event=3, actor=staff, reason="A new organizer")
    problems += look.glance(["/dashboard/payouts/"])
    assert not problems, "\n".join(problems)


def test_every_page_works_by_keyboard_and_without_script(
    look: Look, house: House, open_page: OpenPage, organizer: User
) -> None:
    names = house.furnish()
    problems = []
    for route in BY_KEYBOARD:
        look.page.goto("/" + route.format(**vars(names)))
        problems += [f"/{route}: {problem}" for problem in keyboard_problems(look.page)]
    plain = enter(open_page(width=360, javascript=False), organizer)
    sign_in_again(plain, f"/{PAYMENTS}disconnect/")
    for address in addresses(names):
        plain.goto(address)
        forms = plain.locator("main form[method=post]:not([hidden])").all()
        if plain.locator("h1:visible").count() != 1:
            problems.append(f"{address} has no heading without script")
        if forms and not any(form.locator("button:visible").count() for form in forms):
            problems.append(f"{address} can't be sent without script")
    assert not problems, "\n".join(problems)


def test_somebody_without_an_organization_is_shown_how_to_begin(
    site: Site, open_page: OpenPage, buyer: User
) -> None:
    look = Look(enter(open_page(), buyer))
    begins = [f"/{route}" for route in ROUTES if PAGES[route]["GET"].begins]
    assert [
        f"{path} answers {status}" for path in begins if (status := status_of(look.page, path)) != 200
    ] == []
    problems = look.glance(["/dashboard/", "/dashboard/organizations/", "/dashboard/organizations/new/"])
    assert not problems, "\n".join(problems)
    assert not Order.objects.exists()
