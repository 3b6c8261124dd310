"""The Django admin's side navigation, in the words of the trade, and what its first page shows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse

from payouts.selectors.attention import list_attention

# (title, [(label, app_model, icon)]); a label without a model leads to the URL of that name.
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "",
        (
            ("Cockpit", "adminpanel:overview", "monitoring"),
            ("Find", "admin:find", "search"),
            ("Needs attention", "admin:payouts_moneyexception_attention", "notification_important"),
        ),
    ),
    (
        "Sales",
        (
            ("Orders", "ticketing_order", "receipt_long"),
            ("Tickets", "ticketing_ticket", "confirmation_number"),
            ("Events", "ticketing_event", "event"),
            ("Ticket types", "ticketing_tickettype", "sell"),
            ("Cancelled events", "ticketing_eventcancellation", "event_busy"),
            ("Orders of cancelled events", "ticketing_cancelledorder", "free_cancellation"),
            ("Check-ins", "ticketing_checkin", "qr_code_scanner"),
            ("Door links", "ticketing_doorlink", "meeting_room"),
        ),
    ),
    (
        "Money",
        (
            ("Payments", "ticketing_payment", "credit_card"),
            ("Refunds", "ticketing_refund", "undo"),
            ("Disputes", "ticketing_dispute", "gavel"),
            ("Owed by organizers", "ticketing_organizerreceivable", "request_quote"),
            ("Transfers to organizers", "ticketing_organizertransfer", "swap_horiz"),
            ("Payouts", "payouts_organizerpayout", "account_balance"),
            ("Our own payouts", "payouts_platformpayout", "savings"),
            ("Payout lines", "payouts_payoutline", "list_alt"),
            ("Payout requests", "payouts_payoutrequest", "outbox"),
            ("Held payouts", "payouts_payouthold", "front_hand"),
            ("Events not held", "payouts_payoutholdexception", "event_available"),
            ("Released money", "payouts_payoutrelease", "payments"),
        ),
    ),
    (
        "Premium",
        (
            ("Subscriptions", "premium_subscription", "workspace_premium"),
            ("Invoices", "premium_premiuminvoice", "receipt"),
            ("Refunds of invoices", "premium_premiumrefund", "undo"),
            ("Disputes of invoices", "premium_premiumdispute", "gavel"),
            ("Customers", "premium_customer", "contacts"),
            ("Checkouts", "premium_subscriptioncheckout", "shopping_cart_checkout"),
            ("Changes of plan", "premium_planchange", "swap_vert"),
        ),
    ),
    (
        "Fees",
        (
            ("Fee plans", "connect_feeplan", "category"),
            ("Terms of plans", "connect_feeterms", "percent"),
            ("Rates of organizations", "connect_feeoverride", "price_change"),
            ("Plans of organizations", "connect_planassignment", "move_up"),
            ("Who bears the fees", "connect_paymentsettings", "balance"),
        ),
    ),
    (
        "Books",
        (
            ("Movements", "ledger_ledgertransaction", "menu_book"),
            ("Accounts", "ledger_ledgeraccount", "account_tree"),
            ("Broken rules", "ledger_ledgerviolation", "report"),
            ("Differences with Stripe", "payouts_moneyexception", "difference"),
            ("Stripe's movements", "payouts_balancetransaction", "sync_alt"),
            ("Compared balances", "payouts_balancecomparison", "compare"),
            ("Reconciliations", "payouts_reconciliation", "fact_check"),
        ),
    ),
    (
        "Stripe",
        (
            ("Connected accounts", "connect_connectedaccount", "link"),
            ("Events from Stripe", "connect_stripeevent", "webhook"),
            ("Accounts at Stripe", "djstripe_account", "domain"),
            ("Charges at Stripe", "djstripe_charge", "add_card"),
            ("Refunds at Stripe", "djstripe_refund", "assignment_return"),
            ("Disputes at Stripe", "djstripe_dispute", "policy"),
            ("Payouts at Stripe", "djstripe_payout", "local_atm"),
            ("Customers at Stripe", "djstripe_customer", "contacts"),
            ("Subscriptions at Stripe", "djstripe_subscription", "autorenew"),
            ("Invoices at Stripe", "djstripe_invoice", "description"),
        ),
    ),
    (
        "People",
        (
            ("Organizations", "accounts_organization", "groups"),
            ("Users", "accounts_user", "person"),
            ("Members", "accounts_membership", "badge"),
            ("Invitations", "accounts_invitation", "mail"),
            ("Staff's rights", "auth_group", "shield_person"),
            ("API tokens", "accounts_apitoken", "key"),
        ),
    ),
    (
        "Operations",
        (
            ("Audit log", "accounts_auditentry", "history"),
            ("Messages", "notifications_message", "outgoing_mail"),
        ),
    ),
)


def build(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups, each with what this member of staff may look at."""
    groups = []
    for title, entries in GROUPS:
        items = [item for entry in entries if (item := _item(request, *entry))]
        if items:
            groups.append({"title": title, "separator": bool(title), "items": items})
    return groups


def show_attention(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What waits for a person, for the first page."""
    groups = list_attention() if request.user.has_perm("payouts.view_moneyexception") else []
    return {**context, "attention": [group for group in groups if group.count]}


def style_sheet(request: HttpRequest) -> str:  # noqa: ARG001
    """What our own parts of the pages look like."""
    return static("css/staff.css")


def environment(request: HttpRequest) -> list[str]:  # noqa: ARG001
    """Whether the money here is real, beside the name of who is signed in."""
    return ["Live money", "danger"] if settings.STRIPE_LIVE_MODE else ["Test money", "info"]


def _item(request: HttpRequest, label: str, name: str, icon: str) -> dict[str, Any] | None:
    """One entry; None for what somebody may not see, or what isn't there."""
    if ":" not in name:
        app, model = name.split("_", 1)
        if not request.user.has_perm(f"{app}.view_{model}"):
            return None
        name = f"admin:{name}_changelist"
    try:
        link = reverse(name)
    except NoReverseMatch:
        return None
    return {"title": label, "icon": icon, "link": link, "active": _is_here(request.path, link)}


def _is_here(path: str, link: str) -> bool:
    return path == link or (path.startswith(link) and link != reverse("admin:index"))
