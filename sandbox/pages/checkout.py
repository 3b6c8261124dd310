"""The hosted payment page, and the 3D Secure question."""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sandbox import payments
from sandbox.api import Request, Response
from sandbox.cards import SPECIAL
from sandbox.errors import StripeError
from sandbox.ids import random_text
from sandbox.pages.card_form import FILLED, card_problems, card_rows, expiry_of
from sandbox.pages.render import clock_time, form_of, grouped, message, money, redirect, render, short_id
from sandbox.resources.accounts import platform_name
from sandbox.resources.checkout_sessions import LINES, PLANS
from sandbox.resources.prices import interval_words
from sandbox.state import StripeObject

if TYPE_CHECKING:
    from sandbox.server import Sandbox

CHALLENGES = "_challenge"
DECLINING_CARD = "4000000000000002"
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def payment(sandbox: "Sandbox", request: Request, session_id: str) -> Response:
    """Show the payment page of an open session, or do what its form says."""
    world = sandbox.world
    with world.state.lock:
        session = world.state.get("checkout.session", session_id)
        if session is None:
            return message("Payment not found", "There is no payment at this address.", status=404)
        if session["status"] != "open":
            return _over(session)
        if request.method != "POST":
            return _page(sandbox, session, dict(FILLED))
    form = form_of(request)
    action = form.get("action", "pay")
    if "use_card" in form:
        return _page(sandbox, session, form | {"number": grouped(form["use_card"])})
    if action == "leave":
        sandbox.control("POST", f"/_sandbox/checkout/{session_id}/abandon")
        return redirect(_left(session))
    if action == "decline":
        form["number"] = DECLINING_CARD
    try:
        return _attempt(sandbox, session, form, delayed=action == "pay_later")
    except StripeError as error:
        # Paid or expired in another tab while this page stood open.
        return _over(session) if error.status == 409 else _page(sandbox, session, form, failure=error.message)


def _attempt(sandbox: "Sandbox", session: StripeObject, form: dict[str, str], *, delayed: bool) -> Response:
    problems = _problems(session, form)
    if problems:
        return _page(sandbox, session, form, problems=problems, status=400)
    buyer = _buyer(session, form)
    if delayed:
        payments.pay_later(sandbox.world, session["id"], buyer)
        return redirect(_returned(session))
    outcome = payments.pay(sandbox.world, session["id"], form["number"], buyer)
    if outcome.needs_3ds:
        token = random_text(32)
        challenge = {
            "session": session["id"],
            "number": form["number"],
            "email": buyer.email,
            "name": buyer.name,
        }
        sandbox.world.state.put(CHALLENGES, token, challenge)
        return redirect(f"/c/3ds/{token}")
    return _after(sandbox, session, form, outcome)


def _after(
    sandbox: "Sandbox", session: StripeObject, form: dict[str, str], outcome: payments.Outcome
) -> Response:
    if outcome.declined:
        words = f"{(outcome.message or '').rstrip('.')}. Try a different card."
        return _page(sandbox, session, form, failure=words, status=402)
    return redirect(_returned(session))


def three_d_secure(sandbox: "Sandbox", request: Request, token: str) -> Response:
    """Ask the buyer, as the card's bank would, whether it is them; the answer ends the attempt."""
    challenge = sandbox.world.state.get(CHALLENGES, token)
    if challenge is None:
        return message("Check not found", "This check is over. Go back to the payment.", status=404)
    session = sandbox.world.state.get("checkout.session", challenge["session"])
    if session["status"] != "open":
        return _over(session)
    if request.method != "POST":
        amount = money(session["amount_total"], session["currency"])
        return render("three_d_secure", {"amount": amount, "last4": challenge["number"][-4:]})
    passed = form_of(request).get("action") == "complete"
    sandbox.world.state.remove(CHALLENGES, token)
    buyer = payments.Buyer(email=challenge["email"], name=challenge["name"])
    try:
        outcome = payments.pay(sandbox.world, session["id"], challenge["number"], buyer, checked_3ds=passed)
    except StripeError:
        return _over(session)
    form = FILLED | {"email": challenge["email"] or "", "name": challenge["name"] or ""}
    return _after(sandbox, session, form, outcome)


def _problems(session: StripeObject, form: dict[str, str]) -> dict[str, str]:
    """Return what is wrong with the fields, in words, by field."""
    problems = card_problems(form)
    if not _known_email(session) and not _EMAIL.match(form.get("email", "")):
        problems["email"] = "Enter your email address, such as name@example.com."
    return problems


def _buyer(session: StripeObject, form: dict[str, str]) -> payments.Buyer:
    expiry = expiry_of(form["expiry"])
    assert expiry is not None
    return payments.Buyer(_known_email(session) or form["email"], form.get("name") or None, expiry)


def _known_email(session: StripeObject) -> str:
    return str((session["customer_details"] or {}).get("email") or "")


def _page(
    sandbox: "Sandbox",
    session: StripeObject,
    form: dict[str, str],
    *,
    problems: dict[str, str] | None = None,
    failure: str = "",
    status: int = 200,
) -> Response:
    currency = session["currency"]
    lines = [
        {
            "name": f"{item['description']} × {item['quantity']}"
            if item["quantity"] > 1
            else item["description"],
            "amount": money(item["amount_total"], currency),
        }
        for item in sandbox.world.state.get(LINES, session["id"])
    ]
    values: dict[str, Any] = {
        "session": short_id(session["id"]),
        "session_id": session["id"],
        "until": clock_time(session["expires_at"]),
        "seller": _seller(sandbox, session),
        "lines": lines,
        "total": money(session["amount_total"], currency),
        "cancel_url": session["cancel_url"],
        "email": _known_email(session) or form.get("email", ""),
        "email_is_fixed": bool(_known_email(session)),
        "form": form,
        "problems": problems or {},
        "failure": failure,
        "cards": card_rows(SPECIAL),
        **_subscribing(sandbox, session),
    }
    return render("checkout", values, status=status)


def _subscribing(sandbox: "Sandbox", session: StripeObject) -> dict[str, Any]:
    """Return what a page says of a session that begins a subscription; empty for a payment."""
    if session["mode"] != "subscription":
        return {}
    line = sandbox.world.state.get(LINES, session["id"])[0]
    each = f"{money(line['amount_total'], session['currency'])} per {interval_words(line['price'])}"
    trial = sandbox.world.state.get(PLANS, session["id"]).get("trial_period_days", 0)
    first = f"Free for {trial} days, then {each}" if trial else f"{each}, today and at every renewal"
    return {"subscribes": each, "renewal": f"{first}, until it is canceled."}


def _seller(sandbox: "Sandbox", session: StripeObject) -> str:
    """Return the name above the order: the connected account's own, or the platform's for its own prices."""
    if session["mode"] == "subscription":
        return platform_name(sandbox.world)
    plan = sandbox.world.state.get(PLANS, session["id"])
    account = sandbox.world.state.get("account", plan.get("transfer_data", {}).get("destination", ""))
    if account is None:
        return "Your order"
    return str(account["business_profile"]["name"] or account["email"] or "Your order")


def _over(session: StripeObject) -> Response:
    if session["status"] == "expired":
        text = "The time to pay is over and no money was taken."
        return message(
            "This payment has expired", text, link=session["cancel_url"], words="Go back to the seller"
        )
    return message(
        "This payment is done", "There is nothing left to pay.", link=_returned(session), words="Continue"
    )


def _returned(session: StripeObject) -> str:
    url = session["success_url"] or session.get("return_url") or "/_sandbox/"
    return str(url).replace("{CHECKOUT_SESSION_ID}", quote(session["id"]))


def _left(session: StripeObject) -> str:
    return str(session["cancel_url"] or "/_sandbox/")
