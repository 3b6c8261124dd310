"""The portal's forms: another price with what it costs today, the end of the plan, another card."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from sandbox.api import Request, Response
from sandbox.cards import KEPT, find_card
from sandbox.errors import StripeError
from sandbox.pages.card_form import FILLED, card_problems, card_rows, expiry_of
from sandbox.pages.portal_visit import Visit
from sandbox.pages.render import form_of, grouped, message, money, redirect, render
from sandbox.resources.invoice_lines import day_words
from sandbox.resources.payment_methods import Owner, attach, create_method
from sandbox.resources.prices import interval_words
from sandbox.resources.products import product_name
from sandbox.resources.subscription_changes import carry_out, set_cancel, set_card, switch_invoice
from sandbox.resources.subscription_lines import Switch, plan_switch
from sandbox.resources.subscription_payments import end_subscription
from sandbox.resources.subscription_periods import item_of, own_now, period_of
from sandbox.state import StripeObject

REASON_WORDS = {
    "too_expensive": "It’s too expensive",
    "missing_features": "I need more features",
    "switched_service": "I found an alternative",
    "unused": "I no longer need it",
    "customer_service": "Customer service was less than expected",
    "too_complex": "Ease of use was less than expected",
    "low_quality": "Quality was less than expected",
    "other": "Another reason",
}

# For how long what a change costs stays what it was shown to cost.
SHOWN_SECONDS = 900


def _not_possible(visit: Visit) -> Response:
    return message(
        "That isn’t possible now", "Your plan can’t be changed this way.", link=visit.url(), status=409
    )


# Another price


def change(visit: Visit, request: Request) -> Response:
    """Offer the other prices; show what a chosen one costs today; change to it."""
    if not (visit.is_running and visit.allows("subscription_update")):
        return _not_possible(visit)
    form = form_of(request) if request.method == "POST" else dict(parse_qsl(request.query))
    chosen = next((price for price in visit.offers() if price["id"] == form.get("price")), None)
    if chosen is None:
        return _offers(visit)
    switch = _switch(visit, chosen, form.get("date", ""))
    if request.method != "POST":
        return _review(visit, switch)
    try:
        carry_out(visit.sandbox.world, visit.running, switch, all_or_nothing=True)
    except StripeError as error:
        return _review(visit, switch, failure=f"{error.message} Your plan stays as it is.", status=402)
    visit.note("changed")
    return redirect(visit.url())


def _switch(visit: Visit, price: StripeObject, date: str) -> Switch:
    """Work a change out as of now, or as of the moment for which it was shown."""
    behavior = visit.features["subscription_update"]["proration_behavior"]
    subscription, world = visit.running, visit.sandbox.world
    shown, now = int(date) if date.isdecimal() else 0, own_now(world, subscription)
    at = shown if max(period_of(subscription)[0], now - SHOWN_SECONDS) <= shown <= now else now
    return plan_switch(world, subscription, price, item_of(subscription)["quantity"], behavior, at)


def _offers(visit: Visit) -> Response:
    offers = [
        {
            "id": price["id"],
            "name": product_name(visit.sandbox.world.state, price),
            "price": f"{money(price['unit_amount'], price['currency'])} per {interval_words(price)}",
        }
        for price in visit.offers()
    ]
    return render("portal_change", {"base": visit.url(), "action": visit.url("change"), "offers": offers})


def _review(visit: Visit, switch: Switch, *, failure: str = "", status: int = 200) -> Response:
    invoice = switch_invoice(visit.sandbox.world, visit.running, switch)
    currency, credit = invoice["currency"], -invoice["starting_balance"]
    price = switch.price
    values: dict[str, Any] = {
        "base": visit.url(),
        "action": visit.url("change"),
        "id": price["id"],
        "date": str(switch.at),
        "name": product_name(visit.sandbox.world.state, price),
        "price": f"{money(price['unit_amount'] * switch.quantity, currency)} per {interval_words(price)}",
        "lines": [
            {"name": line["description"], "amount": money(line["amount"], currency)}
            for line in invoice["lines"]["data"]
        ],
        "credit": money(-credit, currency) if credit > 0 else "",
        "at_once": switch.at_once,
        "due": money(invoice["amount_due"], currency),
        "left": _credit_left(invoice),
        "renews": day_words(switch.period[1]),
        "card": visit.card_words(),
        "failure": failure,
    }
    return render("portal_review", values, status=status)


def _credit_left(invoice: StripeObject) -> str:
    """Return the credit that a change leaves for later invoices; empty for none."""
    left = -(invoice["total"] + invoice["starting_balance"])
    return money(left, invoice["currency"]) if left > 0 else ""


# The end of the plan


def cancel(visit: Visit, request: Request) -> Response:
    """Ask whether the plan is to end, and let it end with its period or at once, as the configuration says."""
    if not (visit.is_running and visit.allows("subscription_cancel")):
        return _not_possible(visit)
    feature, subscription = visit.features["subscription_cancel"], visit.running
    at_end = feature["mode"] == "at_period_end"
    if request.method != "POST":
        options = (
            feature["cancellation_reason"]["options"] if feature["cancellation_reason"]["enabled"] else []
        )
        values = {
            "base": visit.url(),
            "action": visit.url("cancel"),
            "name": product_name(visit.sandbox.world.state, item_of(subscription)["price"]),
            "day": day_words(period_of(subscription)[1]),
            "at_end": at_end,
            "reasons": [(name, REASON_WORDS[name]) for name in options],
        }
        return render("portal_cancel", values)
    _cancel(visit, form_of(request), at_end=at_end)
    return redirect(visit.url())


def _cancel(visit: Visit, form: dict[str, str], *, at_end: bool) -> None:
    world, subscription = visit.sandbox.world, visit.running
    feedback = form.get("reason")
    details = {"feedback": feedback} if feedback in REASON_WORDS else {}
    if at_end:
        set_cancel(world, subscription, at_period_end=True, details=details, in_portal=True)
    else:
        subscription["cancellation_details"] |= details
        end_subscription(world, subscription, own_now(world, subscription), reason="cancellation_requested")
    visit.note("canceled")


# Another card


def card(visit: Visit, request: Request) -> Response:
    """Ask for another card and keep it."""
    if not visit.allows("payment_method_update"):
        return _not_possible(visit)
    if request.method != "POST":
        return _card_page(visit, dict(FILLED))
    form = form_of(request)
    if "use_card" in form:
        return _card_page(visit, form | {"number": grouped(form["use_card"])})
    problems = card_problems(form)
    if problems:
        return _card_page(visit, form, problems=problems, status=400)
    try:
        _keep(visit, form)
    except StripeError as error:
        return _card_page(visit, form, failure=f"{error.message} Try a different card.", status=402)
    visit.note("card")
    return redirect(visit.url())


def _keep(visit: Visit, form: dict[str, str]) -> None:
    """Keep the card of a form and charge the plan to it from now on; raises the card's decline."""
    world, expiry = visit.sandbox.world, expiry_of(form["expiry"])
    assert expiry is not None
    owner = Owner(visit.customer["email"], form.get("name") or visit.customer["name"])
    method = create_method(world, find_card(form["number"]), expiry, owner)
    attach(world, method, visit.customer)
    if visit.is_running:
        set_card(world, visit.running, method)


def _card_page(
    visit: Visit,
    form: dict[str, str],
    *,
    problems: dict[str, str] | None = None,
    failure: str = "",
    status: int = 200,
) -> Response:
    values = {
        "base": visit.url(),
        "action": visit.url("card"),
        "form": form,
        "problems": problems or {},
        "failure": failure,
        "cards": card_rows(KEPT),
    }
    return render("portal_card", values, status=status)


PAGES: dict[str, Callable[[Visit, Request], Response]] = {"cancel": cancel, "card": card, "change": change}
