"""The team page's table of who may do what, held against the policy of every guarded page and call, both ways.

The policies are what `test_access_matrix` asks the product as everybody, so the table can't promise anything else.
"""

import re

from accounts.permissions import PERMISSIONS
from maly.tests.policies import PAGES, POLICIES

ROLES = ("scanner", "manager", "admin", "owner")
# The words of a row, and the routes (with their verb, where it matters) that it speaks of; the first fit counts.
ROUTES = (
    ("Check people in at the door", r".*/check-in(s|-list)?/?$"),
    ("See who is in the team", r"GET dashboard/team/$|.*dashboard/(organizations/.*)?$"),
    ("Make door links for volunteers", r".*/doors/.*"),
    ("Cancel events", r".* (dashboard|api)/events/{event}/cancel.*"),
    (
        "Refund orders, answer disputes",
        r".*/refund/$|POST api/orders/{order}/refunds$|POST dashboard/disputes/{dispute}/.*",
    ),
    ("Create, edit, publish and pause events and tickets", r".*/events(/(?!.*(attendees|orders)).*)?$"),
    (
        "See orders and attendees, correct and resend tickets",
        r".* (dashboard|api)/(orders|disputes)/.*|.*/(attendees(\.csv|/)|orders)$|GET dashboard/insight/.*",
    ),
    ("Disconnect Stripe", r".*/disconnect/?$"),
    ("See payouts and statements, pay out", r".*/(payouts|statements)(/.*)?$|.*/balance$"),
    (
        "Connect Stripe, choose payouts and who pays the fees",
        r".*/settings/payments/.*|.*/(stripe/connect/.*|payment-status|fees|fee-absorption|payout-schedule)$",
    ),
    ("Edit the public profile", r"POST dashboard/settings/profile/$"),
    ("See orders and attendees, correct and resend tickets", r"GET dashboard/settings/profile/$"),
    ("Make somebody an owner, hand the organization over", r".*/team/owner/$"),
    ("Invite, change and remove members", r".*/team/.+"),
)
GUARDED = sorted(
    [(f"{verb} {route}", ask.least) for route, asks in PAGES.items() for verb, ask in asks.items()]
    + [(f"{verb} {route}", least) for route, asks in POLICIES.items() for verb, (least, _b) in asks.items()]
)


def words_of(route: str) -> str:
    return next((words for words, pattern in ROUTES if re.match(pattern, route)), "")


def test_the_table_says_of_every_route_what_its_policy_says_and_of_nothing_else() -> None:
    table = {str(words): role.lower() for words, role in PERMISSIONS}
    guarded = [(route, least, words_of(route)) for route, least in GUARDED if least in ROLES]
    assert [(route, least, words) for route, least, words in guarded if table.get(words) != least] == []
    assert {words for _route, _least, words in guarded} == set(table)
