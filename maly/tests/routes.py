"""The product's routes, read from its URLconf: tests are generated from them."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

# Django's admin and allauth have their own; the API's description is public.
NOT_OURS = re.compile(r"^(staff/|account/(?!tokens)|api/(schema|docs)/)")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# What a parameter stands for, by the part of the address before it.
NOUNS = {
    "organizations": "organization",
    "events": "event",
    "orders": "order",
    "payouts": "payout",
    "ticket-types": "type",
    "check-ins": "entry",
    "statements": "month",
    "tickets": "type",
    "doors": "door",
    "refunds": "refund",
    "disputes": "dispute",
    "transactions": "order",
}


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
    parts = route.split("/")
    for place, part in enumerate(parts):
        found = PARAMETER.fullmatch(part)
        if found:
            is_own_name = found[1] in ("ticket", "door", "refund", "dispute")
            parts[place] = "{" + (found[1] if is_own_name else NOUNS.get(parts[place - 1], found[1])) + "}"
    return "/".join(parts)


API_ROUTES = sorted({named(route) for route in all_routes() if route.startswith("api/")})
DASHBOARD_ROUTES = sorted({named(route) for route in all_routes() if route.startswith("dashboard/")})
STAFF_ROUTES = sorted({named(route) for route in all_routes() if route.startswith("admin/")})
# Buyers' and accounts' pages.
OTHER_PAGES = sorted(
    {route for route in all_routes() if not route.startswith(("api/", "dashboard/", "admin/"))}
)
