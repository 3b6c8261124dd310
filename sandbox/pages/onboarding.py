"""The hosted onboarding: business, person, bank account and the outcome that a tester chooses."""

import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sandbox.api import Request, Response
from sandbox.ids import random_text
from sandbox.pages.render import form_of, message, redirect, render
from sandbox.resources.account_links import VISITS, open_link
from sandbox.resources.account_states import LATER_DAYS, apply_changes, bank_account, finish_onboarding
from sandbox.state import StripeObject

if TYPE_CHECKING:
    from sandbox.server import Sandbox

STEPS = ("business", "person", "bank")
BUSINESS_TYPES = (
    ("individual", "Individual"),
    ("company", "Company"),
    ("non_profit", "Non-profit"),
)
OUTCOMES = (
    ("verified", "Everything is in order", "Payments and payouts on. Nothing due."),
    ("currently_due", "Something is still due", "Bank account missing. Payments on, payouts off."),
    (
        "eventually_due",
        "Something comes due later",
        f"Date of birth, due in {LATER_DAYS} days. Payments and payouts on until then.",
    ),
    (
        "under_review",
        "Under review",
        "Payments and payouts off until the review ends. End it from the sandbox’s page or by moving its clock.",
    ),
    ("past_due", "Past due", "A requirement was missed. Payments and payouts off."),
    ("rejected", "Rejected", "The account is closed for good (rejected.fraud)."),
)
COUNTRIES = {"US": "United States", "GB": "United Kingdom", "DE": "Germany", "FR": "France", "CA": "Canada"}
REQUIRED = {
    "business": {"name": "Enter the name of the business.", "url": "Enter the address of a web page."},
    "person": {"first_name": "Enter the first name.", "last_name": "Enter the last name."},
}


def open_setup(sandbox: "Sandbox", request: Request, token: str) -> Response:
    """Use up an account link and begin the visit; a used or expired link leads to the product's refresh page."""
    with sandbox.world.state.transaction():
        link, visit = open_link(sandbox.world, token)
    if link is None or "return_url" not in link:
        return message("Link not found", "There is nothing to set up at this address.", status=404)
    return redirect(f"/connect/onboarding/{visit}" if visit else link["refresh_url"])


def onboard(sandbox: "Sandbox", request: Request, path: str) -> Response:
    """Show a step of a visit, or take what was entered and go on."""
    state = sandbox.world.state
    visit = state.get(VISITS, path)
    if visit is None:
        return message("Visit not found", "Ask the platform for a new link.", status=404)
    if visit.get("done"):
        return message(
            "You are done here", "The account was saved.", link=visit["return_url"], words="Return"
        )
    account = state.get("account", visit["account"])
    wanted = parse_qs(request.query).get("step", ["business"])[0]
    step = wanted if wanted in STEPS else "business"
    if request.method != "POST":
        return _page(visit, account, step)
    form = form_of(request)
    problems = {name: text for name, text in _required(step).items() if not form.get(name)}
    problems |= _wrong(step, form)
    if problems and form.get("action") != "leave":
        return _page(visit, account, step, form=form, problems=problems, status=400)
    with state.transaction():
        visit["answers"][step] = form
        state.put(VISITS, path, visit)
        if form.get("action") == "leave" or step == "bank":
            return _end(sandbox, path, visit, account, finished=form.get("action") != "leave")
    return redirect(f"/connect/onboarding/{path}?step={STEPS[STEPS.index(step) + 1]}")


def _required(step: str) -> dict[str, str]:
    return REQUIRED.get(step, {})


def _wrong(step: str, form: dict[str, str]) -> dict[str, str]:
    """Return what is wrong with the fields beyond being empty, in words, by field."""
    problems = {}
    if step == "business" and form.get("url") and not re.match(r"^https?://[^\s/]+", form["url"]):
        problems["url"] = "Enter a web address that begins with http:// or https://."
    if step == "business" and form.get("business_type") not in dict(BUSINESS_TYPES):
        problems["business_type"] = "Choose a kind of business."
    if step == "person" and not _is_date(form.get("born", "")):
        problems["born"] = "Enter the date of birth as a date."
    if step == "bank":
        for name, digits in (("routing_number", r"\d{9}"), ("account_number", r"\d{4,17}")):
            if not re.fullmatch(digits, form.get(name, "")):
                problems[name] = "Enter digits only, such as the test values."
        if form.get("outcome") not in [outcome for outcome, *_ in OUTCOMES]:
            problems["outcome"] = "Choose an outcome."
    return problems


def _is_date(text: str) -> bool:
    try:
        time.strptime(text, "%Y-%m-%d")
    except ValueError:
        return False
    return True


def _end(
    sandbox: "Sandbox", path: str, visit: dict[str, Any], account: StripeObject, *, finished: bool
) -> Response:
    """Save what was entered, with the outcome if the visitor finished, and return to the product."""
    answers = visit["answers"]
    changes: dict[str, Any] = {}
    business = answers.get("business", {})
    if business.get("name"):
        profile = {"name": business["name"], "url": business.get("url") or None, "mcc": "7922"}
        changes["business_profile"] = account["business_profile"] | profile
    if business.get("business_type") in dict(BUSINESS_TYPES):
        changes["business_type"] = business["business_type"]
    bank = answers.get("bank", {})
    if finished:
        if bank["outcome"] != "currently_due":
            entry = bank_account(account, bank["account_number"], bank["routing_number"])
            changes["external_accounts"] = account["external_accounts"] | {"data": [entry]}
        finish_onboarding(sandbox.world, account, bank["outcome"], **changes)
    else:
        apply_changes(sandbox.world, account, changes)
    sandbox.world.state.put(VISITS, path, {**visit, "done": True})
    return redirect(visit["return_url"])


def _page(
    visit: dict[str, Any],
    account: StripeObject,
    step: str,
    *,
    form: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    answers = visit["answers"]
    values = {
        "step": step,
        "steps": _progress(step),
        "title": account["business_profile"]["name"] or account["email"] or "New account",
        "country": COUNTRIES.get(account["country"], account["country"]),
        "form": form or answers.get(step) or _filled(account)[step],
        "given": _given(answers),
        "problems": problems or {},
        "business_types": BUSINESS_TYPES,
        "outcomes": OUTCOMES,
    }
    return render(f"onboarding_{step}", values, status=status)


def _progress(step: str) -> list[dict[str, Any]]:
    names = ("Business", "Person", "Bank and outcome", "Return")
    here = STEPS.index(step)
    return [
        {"name": name, "done": place < here, "current": place == here} for place, name in enumerate(names)
    ]


def _filled(account: StripeObject) -> dict[str, dict[str, str]]:
    """Return what stands in the forms at first: what is known, else test values."""
    profile = account["business_profile"]
    return {
        "business": {
            "name": profile["name"] or "Test business",
            "business_type": account["business_type"] or "individual",
            "url": profile["url"] or "https://example.com",
        },
        "person": {
            "first_name": "Noor",
            "last_name": "Haddad",
            "born": "1901-01-01",
            "id_number": "000000000",
        },
        "bank": {"routing_number": "110000000", "account_number": "000123456789", "outcome": "verified"},
    }


def _given(answers: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    """Return what was entered in earlier steps, for the last one to show."""
    given = []
    if business := answers.get("business"):
        kind = dict(BUSINESS_TYPES).get(business.get("business_type", ""), "").lower()
        given.append(("Business", ", ".join(part for part in (business.get("name", ""), kind) if part)))
    if person := answers.get("person"):
        given.append(("Person", f"{person.get('first_name', '')} {person.get('last_name', '')}".strip()))
        given.append(("Born", person.get("born", "")))
    return given


def new_visit(sandbox: "Sandbox", account_id: str) -> str:
    """Begin a visit from the sandbox's own page, which it returns to; return its address."""
    token = random_text(32)
    visit = {"account": account_id, "return_url": "/_sandbox/", "refresh_url": "/_sandbox/", "answers": {}}
    sandbox.world.state.put(VISITS, token, visit)
    return f"/connect/onboarding/{token}"
