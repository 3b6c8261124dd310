"""The sandbox's own pages: the bench with accounts, balances, sessions and events, and its longer lists."""

import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from sandbox.api import Request, Response
from sandbox.delivery import MODES
from sandbox.pages import billing_lists
from sandbox.pages.money_lists import money_lists
from sandbox.pages.onboarding import new_visit
from sandbox.pages.render import clock_time, message, money, redirect, render, short_id
from sandbox.resources.balance_transactions import balance_of
from sandbox.state import StripeObject
from sandbox.world import API_VERSION

if TYPE_CHECKING:
    from sandbox.server import Sandbox

SHOWN, MANY = 8, 200
MODE_WORDS = {
    "normal": "Normally",
    "hold": "Hold them",
    "duplicate": "Twice each",
    "reverse": "In reverse order",
    "shuffle": "In random order",
    "drop": "Not at all",
}
ADVANCES = (
    (60, "1 minute"),
    (1920, "32 minutes"),
    (86400, "1 day"),
    (172800, "2 days"),
    (604800, "7 days"),
    (2678400, "31 days"),
)


def home(sandbox: "Sandbox", request: Request, rest: str) -> Response:
    """Show the bench."""
    if rest:
        return message("Page not found", "The sandbox has no page at this address.", status=404)
    state = sandbox.world.state
    with state.lock:
        accounts = [_account(sandbox, account) for account in state.newest_first("account")]
        values = {
            "address": sandbox.url.removeprefix("http://"),
            "version": API_VERSION,
            "mailbox": sandbox.mailbox_url,
            "counts": {"accounts": _many(len(accounts), "account"), **_counts(sandbox)},
            "balances": _balances(sandbox, ""),
            "accounts": accounts[:MANY],
            "sessions": _sessions(sandbox, SHOWN),
            "events": _events(sandbox, SHOWN),
            "subscriptions": billing_lists.subscriptions(sandbox, SHOWN),
            "lists": money_lists(sandbox, SHOWN),
            "more": True,
            "advances": [(str(seconds), words) for seconds, words in ADVANCES],
            "modes": [(mode, MODE_WORDS[mode]) for mode in MODES],
            "mode": sandbox.delivery.mode,
        }
    return render("home", values)


def show(sandbox: "Sandbox", request: Request, rest: str) -> Response:
    """Show one of the longer lists, or begin an onboarding visit for an account."""
    with sandbox.world.state.lock:
        if rest == "events":
            return render("events", {"events": _events(sandbox, MANY)})
        if rest == "sessions":
            return render("sessions", {"sessions": _sessions(sandbox, MANY)})
        if rest == "money":
            return render("money", {"lists": money_lists(sandbox, MANY)})
        if rest == "billing":
            rows = billing_lists.subscriptions(sandbox, MANY)
            return render(
                "billing", {"subscriptions": rows, "customers": billing_lists.customers(sandbox, MANY)}
            )
        if rest == "requests":
            return render("requests", {"requests": _requests(sandbox, MANY)})
        page, _slash, account_id = rest.partition("/")
        if page == "accounts" and request.method == "POST" and sandbox.world.state.get("account", account_id):
            return redirect(new_visit(sandbox, account_id))
    return message("Page not found", "The sandbox has no page at this address.", status=404)


def _counts(sandbox: "Sandbox") -> dict[str, str]:
    state = sandbox.world.state
    return {
        "events": _many(len(state.values("event")), "event"),
        "sessions": _many(len(state.values("checkout.session")), "session"),
    }


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _balances(sandbox: "Sandbox", account: str) -> list[dict[str, str]]:
    totals = balance_of(sandbox.world, account) or {"usd": {"pending": 0, "available": 0}}
    return [
        {"pending": money(total["pending"], currency), "available": money(total["available"], currency)}
        for currency, total in totals.items()
    ]


def _account(sandbox: "Sandbox", account: StripeObject) -> dict[str, Any]:
    return {
        "id": account["id"],
        "name": account["business_profile"]["name"] or account["email"] or "New account",
        "payments": account["charges_enabled"],
        "payouts": account["payouts_enabled"],
        "gone": sandbox.world.state.get("_revoked", account["id"]),
        "bank_errored": any(bank["status"] == "errored" for bank in account["external_accounts"]["data"]),
        "can_pay_out": any(
            total["available"] > 0 for total in balance_of(sandbox.world, account["id"]).values()
        ),
        "balances": _balances(sandbox, account["id"]),
    }


def _sessions(sandbox: "Sandbox", count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": session["id"],
            "short": short_id(session["id"]),
            "order": session["client_reference_id"] or "",
            "amount": money(session["amount_total"], session["currency"]),
            "status": _session_words(sandbox, session),
        }
        for session in islice(sandbox.world.state.newest_first("checkout.session"), count)
    ]


def _session_words(sandbox: "Sandbox", session: StripeObject) -> str:
    if session["status"] == "complete":
        return {"paid": "Paid", "unpaid": "Complete, not paid yet"}.get(session["payment_status"], "Free")
    if session["status"] == "expired":
        return "Expired"
    left = sandbox.world.state.get("_abandoned", session["id"])
    return f"Open until {clock_time(session['expires_at'])}{', buyer left' if left else ''}"


def _events(sandbox: "Sandbox", count: int) -> list[dict[str, Any]]:
    rows = reversed(sandbox.world.state.values("event"))
    return [
        {
            "id": event["id"],
            "at": time.strftime("%H:%M:%S", time.localtime(event["created"])),
            "type": event["type"],
            "deliveries": [_delivery_words(record) for record in sandbox.delivery.of_event(event["id"])],
        }
        for event in islice(rows, count)
    ]


def _delivery_words(record: dict[str, Any]) -> dict[str, Any]:
    """Return what to say of a delivery, and how it looks."""
    last = record["attempts"][-1] if record["attempts"] else None
    if last and record["state"] == "done":
        return {"look": "good", "words": f"{last['status']} in {last['ms']} ms"}
    if last is None:
        words = {"held": "Held", "dropped": "Dropped"}.get(record["state"], "Waiting")
        return {"look": "note", "words": words}
    answer = str(last["status"]) if last["status"] else "No answer"
    return {
        "look": "bad",
        "words": f"{answer}, {'given up' if record['state'] == 'failed' else 'will retry'}",
    }


def _requests(sandbox: "Sandbox", count: int) -> list[dict[str, Any]]:
    return [
        {
            "at": time.strftime("%H:%M:%S", time.localtime(entry["at"])),
            "call": f"{entry['method']} {entry['path']}",
            "key": entry["headers"]["idempotency_key"] or "",
            "account": entry["headers"]["stripe_account"] or "",
            "status": str(entry["status"] or "No answer"),
            "good": bool(entry["status"] and entry["status"] < 400),
        }
        for entry in islice(reversed(sandbox.world.state.values("_request")), count)
    ]
