"""Who gets what from every API route, generated from the URLconf: a route without a policy here fails."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from payouts.tests.factories import OrganizerPayoutFactory
from ticketing.access import Gatekeeper
from ticketing.models import Event
from ticketing.services.check_ins import check_in
from ticketing.services.checkout import Item, start_checkout
from ticketing.services.door_links import create_door_link
from ticketing.tests.factories import EventFactory, TicketTypeFactory

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What a call asks for. A role: of the organization, at least. `order`: its buyer, or MANAGER and up.
# `own`: whoever did it, which is none of these people.
# `published`: anyone, as long as the event is public. `signed`: a body that Stripe has signed.
ORGANIZATION_BODY = {"organization": "$organization"}
CART_BODY = {"event": "$event", "items": [{"ticket_type": "$type", "quantity": 1}]}
GUEST_BODY = {**CART_BODY, "email": "guest@example.com", "name": "Guest"}
POLICIES: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "api/auth/token": {"POST": ("public", {})},
    "api/me": {"GET": ("user", {})},
    "api/organizations": {"GET": ("user", {})},
    "api/webhooks/stripe": {"POST": ("signed", {})},
    "api/webhooks/stripe/connect": {"POST": ("signed", {})},
    "api/webhooks/stripe-connect": {"POST": ("signed", {})},
    "api/stripe/connect/create-account": {"POST": ("admin", ORGANIZATION_BODY)},
    "api/stripe/connect/create-account-link": {"POST": ("admin", ORGANIZATION_BODY)},
    "api/stripe/connect/dashboard-link": {"POST": ("admin", ORGANIZATION_BODY)},
    "api/organizations/{organization}/payment-status": {"GET": ("admin", {})},
    "api/organizations/{organization}/fees": {
        "GET": ("admin", {}),
        "PUT": ("staff", {"platform_fee_percent": "3.5", "platform_fee_fixed": 50, "reason": "Agreed"}),
        "DELETE": ("staff", {}),
    },
    "api/organizations/{organization}/fee-absorption": {"PUT": ("admin", {"fee_absorption": "absorb"})},
    "api/organizations/{organization}/disconnect": {"POST": ("owner", {"confirm": "$organization"})},
    "api/organizations/{organization}/balance": {"GET": ("admin", {})},
    "api/organizations/{organization}/payout-schedule": {
        "GET": ("admin", {}),
        "PUT": ("admin", {"interval": "manual"}),
    },
    "api/organizations/{organization}/payouts": {
        "GET": ("admin", {}),
        "POST": ("admin", {"currency": "usd"}),
    },
    "api/organizations/{organization}/payouts/{payout}": {"GET": ("admin", {})},
    "api/organizations/{organization}/statements": {"GET": ("admin", {})},
    "api/organizations/{organization}/statements/{month}": {"GET": ("admin", {})},
    "api/organizations/{organization}/events": {"POST": ("manager", {})},
    "api/events": {"GET": ("public", {})},
    "api/events/{event}": {"GET": ("published", {}), "PATCH": ("manager", {})},
    "api/events/{event}/publish": {"POST": ("manager", {})},
    "api/events/{event}/pause": {"POST": ("manager", {})},
    "api/events/{event}/cancel": {"POST": ("admin", {})},
    "api/events/{event}/cancellation": {"GET": ("admin", {})},
    "api/events/{event}/ticket-types": {"POST": ("manager", {})},
    "api/events/{event}/ticket-types/{type}": {"PATCH": ("manager", {})},
    "api/events/{event}/orders": {"GET": ("manager", {})},
    "api/events/{event}/check-ins": {"POST": ("scanner", {"code": "7K4Q9XZ2MB"})},
    "api/events/{event}/check-ins/{entry}": {"DELETE": ("own", {})},
    "api/events/{event}/check-in-list": {"GET": ("scanner", {})},
    "api/payments/quote": {"POST": ("published", CART_BODY)},
    "api/payments/create-checkout-session": {"POST": ("published", GUEST_BODY)},
    "api/orders/{order}": {"GET": ("order", {})},
    "api/orders/{order}/refunds": {"POST": ("admin", {"reason": "Asked for"})},
    "api/orders/{order}/resume": {"POST": ("order", {})},
}
ROLES = ("scanner", "manager", "admin", "owner")
PEOPLE = ("anonymous", "stranger", "buyer", *ROLES, "staff")
# Pages that need no account; every other page leads a visitor to the sign-in page.
OPEN_PAGES = re.compile(r"^(healthz|readyz|media/|dev/|invitations/|door/|e/|o/|payment-(success|cancel)|$)")
# Django's admin and allauth have their own; the API's description is public.
NOT_OURS = re.compile(r"^(staff/|account/(?!tokens)|api/(schema|docs)/)")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def all_routes() -> Iterator[str]:
    """Every route of the product as its URLconf has it, such as api/events/<slug:slug>."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[str]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                yield route

    yield from (route for route in walk(get_resolver().url_patterns, "") if not NOT_OURS.match(route))


def named(route: str) -> str:
    """The route with its parameters named for what they are, such as api/events/{event}."""
    kind = {
        "organizations": "organization",
        "events": "event",
        "orders": "order",
        "payouts": "payout",
        "ticket-types": "type",
        "check-ins": "entry",
        "statements": "month",
    }
    parts = route.split("/")
    for place, part in enumerate(parts):
        if PARAMETER.fullmatch(part):
            parts[place] = "{" + kind.get(parts[place - 1], part) + "}"
    return "/".join(parts)


API_ROUTES = sorted({named(route) for route in all_routes() if route.startswith("api/")})
PAGES = sorted({route for route in all_routes() if not route.startswith("api/")})


@dataclass(frozen=True)
class Thing:
    """One organization with an event, a ticket type, an order, a check-in and a payout, by what a client calls them."""

    organization: str
    event: str
    type: str
    order: str
    payout: str
    entry: str
    month: str = field(default_factory=lambda: f"{timezone.now():%Y-%m}")

    def fill(self, value: Any) -> Any:
        """Put the names into a body."""
        if isinstance(value, dict):
            return {name: self.fill(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner) for inner in value]
        return getattr(self, value[1:]) if isinstance(value, str) and value.startswith("$") else value


def make_thing(organization: Organization, status: str, buyer: User | None = None) -> Thing:
    event = EventFactory(organization=organization, status=Event.Status.PUBLISHED)
    ticket_type = TicketTypeFactory(event=event, price_amount=0)
    start = start_checkout(
        event, items=[Item(ticket_type.public_id, 1)], email="someone@example.com", name="Someone", user=buyer
    )
    door, _token = create_door_link(event, actor=UserFactory(), name="Door")
    entered = check_in(event, keeper=Gatekeeper(door=door), text=start.order.tickets.get().code).entry
    assert entered
    Event.objects.filter(pk=event.pk).update(status=status)
    payout = OrganizerPayoutFactory(connected_account__organization=organization)
    return Thing(
        organization.slug,
        event.slug,
        ticket_type.public_id,
        start.order.code,
        payout.stripe_payout_id,
        entered.public_id,
    )


@pytest.fixture
def things(organization: Organization, buyer: User) -> dict[str, Thing]:
    """The organization's own, one of strangers' that isn't public, and one that doesn't exist."""
    return {
        "own": make_thing(organization, Event.Status.PUBLISHED, buyer),
        "foreign": make_thing(OrganizationFactory(), Event.Status.DRAFT),
        "missing": Thing("no-such-team", "no-such-event", "zzzzzzzzzz", "M-ZZZZZZZ", "po_missing", "zzzz"),
    }


@pytest.fixture
def people(
    organization: Organization,
    organizer: User,
    manager: User,
    scanner: User,
    stranger: User,
    buyer: User,
    staff: User,
) -> dict[str, User | None]:
    admin = MembershipFactory(organization=organization, role=Role.ADMIN).user
    everyone = (None, stranger, buyer, scanner, manager, admin, organizer, staff)
    return dict(zip(PEOPLE, everyone, strict=True))


def expected(policy: str, person: str, thing: str) -> set[int]:
    """The statuses that an answer may have; 200 stands for everything that isn't a refusal of the caller."""
    is_member, is_own = person in ROLES, thing == "own"
    if policy in ("public", "signed"):
        return {200}
    if policy == "published":
        return {200} if is_own else {404}
    if policy == "user":
        return {401} if person == "anonymous" else {200}
    if policy == "order":
        if not is_own or person in ("anonymous", "stranger", "staff"):
            return {404}
        return {403} if person == "scanner" else {200}
    if person == "anonymous":
        return {401}
    if policy == "own":
        return {404}
    if policy == "staff":
        return {200} if person == "staff" and thing != "missing" else {404}
    if not is_own or not is_member:
        return {404}
    return {200} if ROLES.index(person) >= ROLES.index(policy) else {403}


def ask(client: Client, verb: str, path: str, body: Any) -> HttpResponse:
    """Make a call and undo what it did."""
    point = transaction.savepoint()
    answer = client.generic(verb, f"/{path}", json.dumps(body), content_type="application/json")
    transaction.savepoint_rollback(point)
    return answer


def test_every_api_route_has_a_policy_and_every_policy_a_route() -> None:
    assert set(API_ROUTES) == set(POLICIES)


@pytest.mark.broken_books("payouts of a factory, which nothing posts")
@pytest.mark.parametrize("route", API_ROUTES)
def test_a_route_answers_everybody_as_its_policy_says(
    route: str,
    sandbox: object,
    things: dict[str, Thing],
    people: dict[str, User | None],
    api: Callable[..., Client],
) -> None:
    wrong = []
    for person, user in people.items():
        client = api(user)
        client.raise_request_exception = False
        for verb in VERBS:
            policy, body = POLICIES[route].get(verb, ("", {}))
            refusals = {}
            names_one = policy and ("{" in route or "$" in str(body))
            for thing, names in things.items() if names_one else [("own", things["own"])]:
                answer = ask(client, verb, route.format(**vars(names)), names.fill(body))
                status = answer.status_code
                if status == 404:
                    refusals[thing] = answer.content
                allowed = expected(policy, person, thing) if policy else {401, 403, 404, 405}
                seen = status if status in (401, 403, 404) or status >= 500 or not policy else 200
                if seen not in allowed:
                    wrong.append(f"{verb} by {person} of {thing}: {status}, not {allowed}")
            if refusals.get("foreign") != refusals.get("missing") and policy != "staff":
                wrong.append(f"{verb} by {person}: a foreign object doesn't look like a missing one")
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("route", PAGES)
def test_a_page_is_open_or_leads_to_the_sign_in_page(route: str) -> None:
    path = "/" + PARAMETER.sub("1", route)
    answer = Client(raise_request_exception=False).get(path)
    assert answer.status_code < 500
    leads_to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/account/login/")
    assert leads_to_sign_in is not bool(OPEN_PAGES.match(route))
