"""The lists of payments, refunds, disputes and payouts on the sandbox's own pages, with what can be done to them."""

import time
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from sandbox.pages.render import money
from sandbox.resources import dispute_states
from sandbox.state import State, StripeObject

if TYPE_CHECKING:
    from sandbox.server import Sandbox

Row = dict[str, Any]
GOOD = frozenset({"succeeded", "paid", "won"})
BAD = frozenset({"failed", "canceled", "lost"})


def money_lists(sandbox: "Sandbox", count: int) -> list[dict[str, Any]]:
    """Return the four lists, newest first, with at most so many rows each."""
    state = sandbox.world.state
    charges = _paid_charges(state)
    refunds = (one for one in reversed(state.values("refund")) if not state.owner_of(one["id"]))
    return [
        _list("payments", "Payments", (_payment(one) for one in islice(charges, count))),
        _list("refunds", "Refunds", (_refund(one) for one in islice(refunds, count))),
        _list(
            "disputes",
            "Disputes",
            (_dispute(one) for one in islice(reversed(state.values("dispute")), count)),
        ),
        _list(
            "payouts",
            "Payouts",
            (_payout(state, one) for one in islice(reversed(state.values("payout")), count)),
        ),
    ]


def _paid_charges(state: State) -> Iterable[StripeObject]:
    return (one for one in state.newest_first("charge") if one["paid"])


def _list(name: str, title: str, rows: Iterable[Row]) -> dict[str, Any]:
    return {"name": name, "title": title, "rows": list(rows)}


def _row(obj: StripeObject, status: str, about: str, *actions: tuple[str, str, str, str]) -> Row:
    """Return a row; an action is (words, call, field, value)."""
    word = status.replace("_", " ").capitalize()
    return {
        "id": obj["id"],
        "at": time.strftime("%H:%M:%S", time.localtime(obj["created"])),
        "about": about,
        "amount": money(obj["amount"], obj["currency"]),
        "status": word,
        "look": "good" if status in GOOD else "bad" if status in BAD else "note",
        "actions": [
            {"words": words, "url": f"/_sandbox/{call}", "field": field, "value": value}
            for words, call, field, value in actions
        ],
    }


def _payment(charge: StripeObject) -> Row:
    order = charge["metadata"].get("order") or charge["payment_intent"]
    given_back = charge["amount_refunded"]
    status = "disputed" if charge["disputed"] else "refunded" if charge["refunded"] else "succeeded"
    if status == "succeeded" and given_back:
        status = "partly_refunded"
    actions = []
    if status in ("succeeded", "partly_refunded"):
        actions = [
            ("Refund as in the dashboard", f"charges/{charge['id']}/refund", "reverse_transfer", "false"),
            ("Dispute", f"charges/{charge['id']}/dispute", "reason", "fraudulent"),
        ]
    return _row(charge, status, order, *actions)


def _refund(refund: StripeObject) -> Row:
    call, actions = f"refunds/{refund['id']}", []
    if refund["status"] == "pending":
        actions.append(("Pay", call, "status", "succeeded"))
    if refund["status"] in ("pending", "succeeded"):
        actions.append(("Let it fail", call, "status", "failed"))
    return _row(refund, refund["status"], refund["charge"], *actions)


def _dispute(dispute: StripeObject) -> Row:
    call = f"disputes/{dispute['id']}"
    actions = [("Win", call, "outcome", "won"), ("Lose", call, "outcome", "lost")]
    if dispute_states.is_inquiry(dispute):
        actions = [("Close", call, "outcome", "warning_closed"), ("Escalate", call, "outcome", "escalated")]
    is_open = dispute["status"] not in dispute_states.CLOSED
    return _row(dispute, dispute["status"], dispute["charge"], *(actions if is_open else []))


def _payout(state: State, payout: StripeObject) -> Row:
    call, actions = f"payouts/{payout['id']}", []
    if payout["status"] in ("pending", "in_transit"):
        actions.append(("Pay", call, "outcome", "paid"))
    if payout["status"] not in ("failed", "canceled"):
        actions.append(("Let it fail", call, "outcome", "failed"))
    row = _row(payout, payout["status"], state.owner_of(payout["id"]) or "Platform", *actions)
    if payout["failure_code"]:
        row["status"] += f": {payout['failure_code']}"
    return row
