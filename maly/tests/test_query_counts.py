"""How many queries each page of the house takes, generated from the URLconf: the same for two rows as for twenty."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import Organization, Role, User
from accounts.services.invitations import invite_member
from accounts.tests.factories import PASSWORD, MembershipFactory
from connect.models import ConnectedAccount
from maly.tests.house import AVAILABLE_AT_ONCE, House, Names
from maly.tests.policies import BILLING, EVENT, ORDER, PAGES, PAYMENTS
from payouts.models import OrganizerPayout, PayoutLine
from payouts.tests.factories import OrganizerPayoutFactory
from ticketing.models import Event, TicketType
from ticketing.services.door_links import create_door_link
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import EventFactory, TicketTypeFactory

FEW, MANY = 2, 20
# A page may take so many.
MOST = 15
QUERIES: dict[str, int] = {
    "dashboard/": 15,
    "dashboard/organizations/": 3,
    "dashboard/organizations/new/": 3,
    "dashboard/team/": 5,
    "dashboard/team/invite/": 3,
    "dashboard/team/owner/": 4,
    "dashboard/insight/": 11,
    "dashboard/insight/insight.csv": 11,
    BILLING: 6,
    f"{BILLING}cancel/": 4,
    "dashboard/settings/profile/": 4,
    PAYMENTS: 13,
    f"{PAYMENTS}disconnect/": 11,
    "dashboard/events/": 7,
    "dashboard/events/new/": 10,
    EVENT: 10,
    f"{EVENT}edit/": 14,
    f"{EVENT}cancel/": 10,
    f"{EVENT}check-in/": 6,
    f"{EVENT}doors/": 6,
    f"{EVENT}attendees/": 6,
    f"{EVENT}attendees.csv": 6,
    f"{EVENT}tickets/": 8,
    f"{EVENT}tickets/new/": 4,
    f"{EVENT}tickets/price/": 4,
    f"{EVENT}tickets/{{type}}/": 7,
    "dashboard/orders/": 8,
    "dashboard/orders/export.csv": 7,
    ORDER: 15,
    f"{ORDER}resend/": 4,
    f"{ORDER}tickets/{{ticket}}/": 5,
    f"{ORDER}tickets/{{ticket}}/cancel/": 5,
    f"{ORDER}cancel/": 5,
    f"{ORDER}refund/": 14,
    f"{ORDER}refunds/{{refund}}/": 6,
    "dashboard/disputes/": 5,
    "dashboard/disputes/{dispute}/": 14,
    "dashboard/payouts/": 11,
    "dashboard/payouts/new/": 6,
    "dashboard/payouts/{payout}/": 7,
    "dashboard/payouts/{payout}/payout.csv": 6,
    "dashboard/statements/": 4,
    "dashboard/statements/{month}/": 10,
    "dashboard/statements/{month}/statement.csv": 10,
    "dashboard/statements/{month}/statement.pdf": 10,
}
# Not pages that only read: the way back from Stripe asks it and writes what it says; without an offer there is no page.
NOT_COUNTED = {f"{PAYMENTS}return/", f"{PAYMENTS}refresh/", f"{BILLING}change/", f"{BILLING}return/"}
ROUTES = [route for route, asks in PAGES.items() if "GET" in asks and route not in NOT_COUNTED]


def fill(house: House, names: Names, count: int) -> Names:
    """Add rows to every list of the house; the names of things that have as many parts themselves."""
    event = Event.objects.get(slug=names.event)
    for number in range(count):
        TicketTypeFactory(event=EventFactory(organization=house.organization))
        TicketTypeFactory(event=event, name=f"Type {count} {number}")
        house.sell(TicketTypeFactory(event=event, price_amount=0, name=f"Free {count} {number}"), 1)
        email = f"new{count}.{number}@example.com"
        invite_member(house.organization, email=email, role=Role.SCANNER, actor=house.owner)
        MembershipFactory(organization=house.organization, role=Role.MANAGER)
        MembershipFactory(user=house.owner, role=Role.SCANNER)
        create_door_link(event, actor=house.owner, name=f"Door {count} {number}")
    seat = TicketTypeFactory(event=event, name=f"Seat {count}")
    sell_and_dispute(house, seat, count // 4 + 1)
    order = house.sell(seat, min(count, 10))
    tickets = list(order.tickets.order_by("id"))
    for ticket in tickets[: count // 5 + 1]:
        refund = request_refund(order, tickets=[ticket.code], actor=house.owner, reason="Ill")
    house.settle()
    payout = add_payouts(house.account, count)
    return replace(
        names, order=order.code, ticket=tickets[-1].code, refund=refund.code, payout=payout.stripe_payout_id
    )


def sell_and_dispute(house: House, ticket_type: TicketType, count: int) -> None:
    orders = [house.check_out(ticket_type, 1) for _number in range(count)]
    for order in orders:
        session = order.payments.get().session_id
        house.control(f"checkout/{session}/pay", card=AVAILABLE_AT_ONCE)
    house.settle()
    for order in orders[1:]:
        house.control(f"charges/{order.payments.get().charge_id}/dispute")
    house.settle()


def add_payouts(account: ConnectedAccount, count: int) -> OrganizerPayout:
    """So many, of which the last has so many lines."""
    for _number in range(count):
        payout: OrganizerPayout = OrganizerPayoutFactory(connected_account=account, lines_synced_at=now())
    for number in range(count):
        PayoutLine.objects.create(
            payout=payout,
            balance_transaction_id=f"txn_{payout.pk}_{number}",
            type="adjustment",
            amount=1000,
            fee_amount=0,
            net_amount=1000,
            currency="usd",
            occurred_at=now(),
        )
    return payout


def count_queries(client: Client, names: Names) -> dict[str, int]:
    """The queries of each page when it is asked for again."""
    counts = {}
    for route in ROUTES:
        path = "/" + route.format(**vars(names))
        assert client.get(path).status_code == 200, path
        with CaptureQueriesContext(
            connection,
        ) as seen:
            answer = client.get(path)
            if answer.streaming:
                b"".join(answer.streaming_content)  # type: ignore[arg-type]
        counts[route] = len(seen)
    return counts


@pytest.mark.broken_books("payouts of a factory, which nothing posts")
def test_every_page_takes_its_number_of_queries_however_much_there_is(
    organization: Organization,
    organizer: User,
    sandbox: Any,
    settle: Callable[[], None],
) -> None:
    house = House(organization, organizer, sandbox, settle)
    names = house.furnish()
    client = Client()
    client.force_login(organizer)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    few = count_queries(client, fill(house, names, FEW))
    many = count_queries(client, fill(house, names, MANY))
    grown = {route: (few[route], many[route]) for route in ROUTES if many[route] > few[route]}
    assert grown == {}
    changed = {route: number for route, number in few.items() if number != QUERIES.get(route)}
    assert not changed, f"More or fewer than QUERIES says: {changed}"
    assert set(QUERIES) == set(ROUTES)
    assert max(QUERIES.values()) <= MOST
