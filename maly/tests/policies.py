"""Who may do what, by route: one declaration each. test_access_matrix asks every route as everybody.

A role means: that role or more, in the organization whose object is asked for. What else a call can ask for:
`order`: its buyer, or MANAGER and up · `own`: whoever did it, who is none of the matrix's people · `published`: anyone,
as long as the event is public · `signed`: a body that Stripe has signed · `user`: anybody signed in · `public`.
"""

from typing import Any, NamedTuple


class Ask(NamedTuple):
    """What one verb of a route asks for. `body` (a GET's query) may name things: "$event" is the event's slug."""

    least: str
    body: dict[str, Any] = {}
    # A page without an object is one of the organization that somebody works in; whether people in none get it too.
    begins: bool = False
    # Whether the body names something within the caller's own organization, where their role counts first.
    is_within: bool = False
    # What naming another's or a missing thing answers: 200 where that is what the caller wants to be true.
    of_none: int = 404


Policy = dict[str, Ask]


def look(least: str, *, begins: bool = False) -> Policy:
    """A page that only shows."""
    return {"GET": Ask(least, begins=begins)}


def form(least: str, *, begins: bool = False) -> Policy:
    """A page with a form that posts to itself."""
    return {"GET": Ask(least, begins=begins), "POST": Ask(least, begins=begins)}


def act(least: str, *, begins: bool = False, **body: Any) -> Policy:
    """A button: no page. What the body names is within the caller's own organization."""
    return {"POST": Ask(least, body, begins=begins, is_within=bool(body))}


EVENT = "dashboard/events/{event}/"
ORDER = "dashboard/orders/{order}/"
PAYMENTS = "dashboard/settings/payments/"
BILLING = "dashboard/settings/billing/"
PAGES: dict[str, Policy] = {
    "dashboard/": look("scanner", begins=True),
    "dashboard/organizations/": look("user"),
    "dashboard/organizations/new/": form("user"),
    "dashboard/organizations/personal/": {"POST": Ask("user")},
    "dashboard/organizations/choose/": {"POST": Ask("scanner", {"organization": "$organization"})},
    "dashboard/team/": look("scanner", begins=True),
    "dashboard/team/invite/": form("admin"),
    "dashboard/team/invitations/revoke/": {
        "POST": Ask("admin", {"invitation": "$invitation"}, is_within=True, of_none=200)
    },
    "dashboard/team/invitations/resend/": act("admin", invitation="$invitation"),
    "dashboard/team/owner/": form("owner"),
    "dashboard/team/role/": act("admin", member="$member", role="MANAGER"),
    "dashboard/team/remove/": {"POST": Ask("admin", {"member": "$member"}, is_within=True, of_none=200)},
    "dashboard/insight/": look("manager", begins=True),
    "dashboard/insight/insight.csv": look("manager"),
    "dashboard/settings/profile/": {"GET": Ask("manager"), "POST": Ask("admin")},
    BILLING: look("user"),
    f"{BILLING}cancel/": form("user"),
    f"{BILLING}resume/": act("user"),
    f"{BILLING}portal/": act("user"),
    f"{BILLING}return/": look("user"),
    f"{BILLING}offer/": act("user"),
    f"{BILLING}change/": form("user"),
    PAYMENTS: look("admin", begins=True),
    f"{PAYMENTS}connect/": act("admin", begins=True),
    f"{PAYMENTS}stripe/": act("admin", begins=True),
    f"{PAYMENTS}fees/": act("admin", begins=True),
    f"{PAYMENTS}schedule/": act("admin", begins=True),
    f"{PAYMENTS}return/": {"GET": Ask("admin", {"organization": "$organization"})},
    f"{PAYMENTS}refresh/": {"GET": Ask("admin", {"organization": "$organization"})},
    f"{PAYMENTS}disconnect/": form("owner"),
    "dashboard/events/": look("manager", begins=True),
    "dashboard/events/new/": form("manager", begins=True),
    EVENT: look("manager"),
    f"{EVENT}edit/": form("manager"),
    f"{EVENT}publish/": act("manager"),
    f"{EVENT}pause/": act("manager"),
    f"{EVENT}duplicate/": act("manager"),
    f"{EVENT}cancel/": form("admin"),
    f"{EVENT}check-in/": form("scanner"),
    f"{EVENT}doors/": form("manager"),
    f"{EVENT}doors/{{door}}/revoke/": act("manager"),
    f"{EVENT}attendees/": look("manager"),
    f"{EVENT}attendees.csv": look("manager"),
    f"{EVENT}tickets/": look("manager"),
    f"{EVENT}tickets/new/": form("manager"),
    f"{EVENT}tickets/price/": look("manager"),
    f"{EVENT}tickets/{{type}}/": form("manager"),
    f"{EVENT}tickets/{{type}}/move/": act("manager"),
    f"{EVENT}tickets/{{type}}/stop/": act("manager"),
    f"{EVENT}tickets/{{type}}/remove/": act("manager"),
    "dashboard/orders/": look("manager", begins=True),
    "dashboard/orders/export.csv": look("manager"),
    ORDER: look("manager"),
    f"{ORDER}resend/": form("manager"),
    f"{ORDER}tickets/{{ticket}}/": form("manager"),
    f"{ORDER}tickets/{{ticket}}/cancel/": form("manager"),
    f"{ORDER}cancel/": form("manager"),
    f"{ORDER}refund/": form("admin"),
    f"{ORDER}refunds/{{refund}}/": look("manager"),
    "dashboard/disputes/": look("manager", begins=True),
    "dashboard/disputes/{dispute}/": {"GET": Ask("manager"), "POST": Ask("admin")},
    "dashboard/payouts/": look("admin", begins=True),
    "dashboard/payouts/new/": form("admin"),
    "dashboard/payouts/{payout}/": look("admin"),
    "dashboard/payouts/{payout}/payout.csv": look("admin"),
    "dashboard/statements/": look("admin", begins=True),
    "dashboard/statements/{month}/": look("admin"),
    "dashboard/statements/{month}/statement.csv": look("admin"),
    "dashboard/statements/{month}/statement.pdf": look("admin"),
}

# The cockpit: platform admins alone; whatever it names may be anybody's.
STAFF_PAGES: dict[str, Policy] = {
    "admin/": look("staff"),
    "admin/revenue/": look("staff"),
    "admin/revenue/export.csv": look("staff"),
    "admin/operations/": look("staff"),
    "admin/operations/inbox/": look("staff"),
    "admin/operations/inbox/replay/": form("staff"),
    "admin/operations/inbox/acknowledge/": form("staff"),
    "admin/operations/inbox/{stripe_event}/": look("staff"),
    "admin/operations/outbox/": look("staff"),
    "admin/operations/outbox/send-again/": form("staff"),
    "admin/transactions/": look("staff"),
    "admin/transactions/export.csv": look("staff"),
    "admin/transactions/{order}/": look("staff"),
    "admin/payouts/": look("staff"),
    "admin/payouts/{payout}/": look("staff"),
    "admin/disputes/": look("staff"),
    "admin/disputes/{dispute}/": form("staff"),
    "admin/disputes/{dispute}/send/": form("staff"),
    "admin/disputes/{dispute}/accept/": form("staff"),
    "admin/disputes/{dispute}/settle/": form("staff"),
    "admin/exceptions/": look("staff"),
    "admin/exceptions/{exception}/": form("staff"),
    "admin/exceptions/{exception}/explain/": form("staff"),
    "admin/organizations/": look("staff"),
    "admin/organizations/{organization}/": look("staff"),
    "admin/organizations/{organization}/events/": look("staff"),
    "admin/organizations/{organization}/orders/": look("staff"),
    "admin/organizations/{organization}/payouts/": look("staff"),
    "admin/organizations/{organization}/audit/": look("staff"),
    "admin/organizations/{organization}/fees/": look("staff"),
    "admin/organizations/{organization}/fees/change/": form("staff"),
    "admin/organizations/{organization}/fees/preview/": look("staff"),
    "admin/organizations/{organization}/fees/remove/": form("staff"),
    "admin/organizations/{organization}/plan/": form("staff"),
    "admin/organizations/{organization}/flag/": form("staff"),
    "admin/organizations/{organization}/unflag/": form("staff"),
    "admin/settings/fees/": look("staff"),
    "admin/settings/fees/new/": form("staff"),
    "admin/settings/fees/preview/": look("staff"),
    "admin/premium/": look("staff"),
    "admin/audit/": look("staff"),
    "admin/audit.csv": look("staff"),
}

ORGANIZATION_BODY = {"organization": "$organization"}
CART_BODY = {"event": "$event", "items": [{"ticket_type": "$type", "quantity": 1}]}
GUEST_BODY = {**CART_BODY, "email": "guest@example.com", "name": "Guest"}
DEAD_EVENTS = {"endpoint": "platform", "type": "charge.updated", "reason": "Mended"}
DEFAULT_FEES = {
    "plan": "host",
    "platform_fee_percent": "3.5",
    "platform_fee_fixed": 50,
    "reason": "A new year",
}
POLICIES: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "api/auth/token": {"POST": ("public", {})},
    "api/me": {"GET": ("user", {})},
    "api/push-subscriptions": {"POST": ("public", {}), "DELETE": ("public", {})},
    "api/organizations": {"GET": ("user", {})},
    "api/webhooks/mail": {"POST": ("signed", {})},
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
    "api/orders/{order}/resume": {"POST": ("buyer", {})},
    "api/premium/create-checkout": {"POST": ("user", {})},
    "api/premium/verify-checkout": {"GET": ("user", {})},
    "api/premium/subscription": {"GET": ("user", {})},
    "api/premium/portal": {"POST": ("user", {})},
    "api/premium/cancel": {"POST": ("user", {})},
    "api/premium/resume": {"POST": ("user", {})},
    "api/premium/switch": {"POST": ("user", {})},
    "api/premium/switch/preview": {"POST": ("user", {})},
    "api/admin/stats": {"GET": ("staff", {})},
    "api/admin/revenue": {"GET": ("staff", {})},
    "api/admin/operations": {"GET": ("staff", {})},
    "api/admin/operations/events/replay": {"POST": ("staff", DEAD_EVENTS)},
    "api/admin/operations/events/acknowledge": {"POST": ("staff", DEAD_EVENTS)},
    "api/admin/transactions": {"GET": ("staff", {})},
    "api/admin/payouts": {"GET": ("staff", {})},
    "api/admin/disputes": {"GET": ("staff", {})},
    "api/admin/organizations": {"GET": ("staff", {})},
    "api/admin/organizations/{organization}": {"GET": ("staff", {})},
    "api/admin/organizations/{organization}/plan": {"PUT": ("staff", {"plan": "host", "reason": "Agreed"})},
    "api/admin/organizations/{organization}/flag": {"POST": ("staff", {"reason": "Many disputes"})},
    "api/admin/organizations/{organization}/unflag": {"POST": ("staff", {"reason": "Explained"})},
    "api/admin/fees/default": {"PUT": ("staff", DEFAULT_FEES)},
}
