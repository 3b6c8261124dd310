"""The billing portal: a customer's plan, card and invoices, with what can be done about them."""

from typing import TYPE_CHECKING, Any

from sandbox.api import Request, Response
from sandbox.pages import portal_forms
from sandbox.pages.portal_visit import Visit, open_visit
from sandbox.pages.render import form_of, message, money, redirect, render
from sandbox.resources.invoice_lines import day_words
from sandbox.resources.prices import interval_words
from sandbox.resources.products import product_name
from sandbox.resources.subscription_changes import set_cancel
from sandbox.resources.subscription_payments import collect, invoice_of
from sandbox.resources.subscription_periods import item_of, period_of
from sandbox.state import StripeObject

if TYPE_CHECKING:
    from sandbox.server import Sandbox

STATUS_WORDS = {
    "active": "Active",
    "canceled": "Canceled",
    "incomplete": "Waiting for the first payment",
    "incomplete_expired": "Never paid",
    "past_due": "Payment failed",
    "trialing": "Free trial",
}
INVOICE_LOOKS = {"paid": "good", "open": "bad"}
SHOWN = 24


def portal(sandbox: "Sandbox", request: Request, path: str) -> Response:
    """Show a page of the portal, or do what its form says."""
    token, _slash, page = path.partition("/")
    with sandbox.world.state.transaction():
        visit = open_visit(sandbox, token)
        if visit is None:
            return message(
                "This link is over", "Go back to where you came from and open your billing again.", status=404
            )
        if page in portal_forms.PAGES:
            return portal_forms.PAGES[page](visit, request)
        if page:
            return message(
                "Page not found", "The portal has no page at this address.", link=visit.url(), status=404
            )
        if request.method == "POST":
            return _act(visit, form_of(request))
        return _first(visit) or _home(visit)


def _first(visit: Visit) -> Response | None:
    """Lead a flow to its page, once."""
    flow = visit.session["flow"]
    if not flow or visit.row.get("led"):
        return None
    visit.sandbox.world.state.put(visit.table, visit.token, visit.row | {"led": True})
    pages = {
        "payment_method_update": "card",
        "subscription_cancel": "cancel",
        "subscription_update": "change",
    }
    return redirect(visit.url(pages[flow["type"]]))


def _act(visit: Visit, form: dict[str, str]) -> Response:
    """Keep a plan that was to end, or pay an invoice that failed."""
    subscription, world = visit.subscription, visit.sandbox.world
    if form.get("action") == "keep" and visit.is_running and visit.allows("subscription_cancel"):
        set_cancel(world, visit.running, at_period_end=False, in_portal=True)
    invoice = world.state.get("invoice", form.get("pay", ""))
    if (
        invoice
        and invoice["status"] == "open"
        and invoice["customer"] == visit.session["customer"]
        and subscription
    ):
        visit.note("paid" if collect(world, invoice, by_hand=True) else "declined")
    return redirect(visit.url())


def _home(visit: Visit, *, status: int = 200) -> Response:
    values = {
        "base": visit.url(),
        "seller": visit.seller,
        "back": visit.session["return_url"],
        "customer": visit.customer["email"] or visit.customer["name"] or visit.customer["id"],
        "plan": _plan(visit) if visit.subscription else None,
        "card": visit.card_words(),
        "invoices": _invoices(visit) if visit.allows("invoice_history") else [],
        "lists_invoices": visit.allows("invoice_history"),
        "sets_card": visit.allows("payment_method_update"),
        "note": visit.take_note(),
        "balance": _credit_words(visit.customer),
    }
    return render("portal", values, status=status)


def _plan(visit: Visit) -> dict[str, Any]:
    subscription = visit.running
    item = item_of(subscription)
    price = item["price"]
    amount = money(price["unit_amount"] * item["quantity"], price["currency"])
    ends = bool(subscription["cancel_at"])
    return {
        "name": product_name(visit.sandbox.world.state, price),
        "price": f"{amount} per {interval_words(price)}",
        "status": STATUS_WORDS.get(subscription["status"], subscription["status"]),
        "good": subscription["status"] in ("active", "trialing"),
        "when": _when(subscription),
        "again": _retry_words(visit),
        "owed": _owed(visit) if visit.is_running else None,
        "ends": ends,
        "running": visit.is_running,
        "changes": visit.is_running
        and not ends
        and visit.allows("subscription_update")
        and bool(visit.offers()),
        "cancels": visit.is_running and visit.allows("subscription_cancel"),
    }


def _when(subscription: StripeObject) -> str:
    day = day_words(period_of(subscription)[1])
    if subscription["ended_at"]:
        return f"Ended on {day_words(subscription['ended_at'])}"
    if subscription["cancel_at"]:
        return f"Ends on {day}, and won’t renew"
    return f"{'First charged' if subscription['status'] == 'trialing' else 'Renews'} on {day}"


def _retry_words(visit: Visit) -> str:
    """Return when the card is tried again; empty unless a payment failed."""
    invoice = invoice_of(visit.sandbox.world.state, visit.running)
    moment = invoice["next_payment_attempt"] if invoice else None
    return f"The card is tried again on {day_words(moment)}" if moment else ""


def _owed(visit: Visit) -> dict[str, str] | None:
    """Return the newest invoice if it isn't paid, or None."""
    invoice = invoice_of(visit.sandbox.world.state, visit.running)
    if invoice is None or invoice["status"] != "open":
        return None
    return {"id": invoice["id"], "amount": money(invoice["amount_due"], invoice["currency"])}


def _credit_words(customer: StripeObject) -> str:
    """Return what credit a customer has, which pays the next invoices; empty if none."""
    return money(-customer["balance"], customer["currency"] or "usd") if customer["balance"] < 0 else ""


def _invoices(visit: Visit) -> list[dict[str, Any]]:
    rows = visit.sandbox.world.state.newest_first("invoice")
    own = [row for row in rows if row["customer"] == visit.session["customer"] and row["status"] != "draft"]
    return [
        {
            "id": row["id"],
            "number": row["number"],
            "day": day_words(row["effective_at"]),
            "amount": money(row["amount_due"], row["currency"]),
            "status": {"open": "Not paid"}.get(row["status"], row["status"].capitalize()),
            "look": INVOICE_LOOKS.get(row["status"], "note"),
            "url": row["hosted_invoice_url"],
            "payable": row["status"] == "open" and visit.is_running,
        }
        for row in own[:SHOWN]
    ]
