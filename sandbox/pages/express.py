"""The Express dashboard: what a connected account sees of its own money."""

import time
from typing import TYPE_CHECKING

from sandbox.api import Request, Response
from sandbox.ids import random_text
from sandbox.pages.render import clock_time, message, money, redirect, render
from sandbox.resources.account_links import LINKS, VISITS
from sandbox.resources.balance_transactions import balance_of
from sandbox.state import StripeObject

if TYPE_CHECKING:
    from sandbox.server import Sandbox

SHOWN = 50


def open_dashboard(sandbox: "Sandbox", request: Request, token: str) -> Response:
    """Use up a login link and begin the visit."""
    state = sandbox.world.state
    with state.transaction():
        link = state.get(LINKS, token)
        if link is None or "return_url" in link or link["expires"] < sandbox.world.clock.now():
            return message(
                "Link not found",
                "This link was used or has expired. Ask the platform for a new one.",
                status=404,
            )
        state.remove(LINKS, token)
        visit = random_text(32)
        state.put(VISITS, visit, {"account": link["account"], "dashboard": True})
    return redirect(f"/express/home/{visit}")


def dashboard(sandbox: "Sandbox", request: Request, token: str) -> Response:
    """Show balance, payments and payouts of an account."""
    state = sandbox.world.state
    with state.lock:
        visit = state.get(VISITS, token)
        if visit is None or not visit.get("dashboard"):
            return message("Page not found", "Ask the platform for a new link.", status=404)
        account = state.get("account", visit["account"])
        totals = balance_of(sandbox.world, account["id"]) or {
            account["default_currency"]: {"pending": 0, "available": 0}
        }
        payments = [
            {
                "id": payment["id"],
                "at": clock_time(payment["created"]),
                "amount": money(payment["amount"], payment["currency"]),
                "fee": money(-(payment["application_fee_amount"] or 0), payment["currency"]),
                "status": _payment_words(payment),
            }
            for payment, _ in zip(state.newest_first("charge", account["id"]), range(SHOWN), strict=False)
        ]
        payouts = [
            {
                "id": payout["id"],
                "amount": money(payout["amount"], payout["currency"]),
                "status": payout["status"].replace("_", " "),
                "day": time.strftime("%d %b", time.gmtime(payout["arrival_date"])).lstrip("0"),
                "bank": state.get("bank_account", payout["destination"])["last4"],
                "problem": payout["failure_message"] or "",
            }
            for payout, _ in zip(state.newest_first("payout", account["id"]), range(SHOWN), strict=False)
        ]
        balances = [
            {"pending": money(total["pending"], currency), "available": money(total["available"], currency)}
            for currency, total in totals.items()
        ]
        name = account["business_profile"]["name"] or account["email"] or "Your account"
        banks = account["external_accounts"]["data"]
        values = {
            "name": name,
            "balances": balances,
            "payments": payments,
            "payouts": payouts,
            "bank_errored": any(bank["status"] == "errored" for bank in banks),
        }
        return render("express", values)


def _payment_words(payment: StripeObject) -> str:
    if payment["refunded"]:
        return "Refunded"
    return "Partly refunded" if payment["amount_refunded"] else "Succeeded"
