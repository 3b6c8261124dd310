"""What becomes of a connected account: submitted, enabled, restricted, reviewed, rejected, cut off."""

import time
from typing import Any

from sandbox import shapes
from sandbox.clock import work
from sandbox.ids import new_id
from sandbox.resources.capabilities import capability_object
from sandbox.resources.payout_schedules import DAY, plan_run
from sandbox.state import StripeObject
from sandbox.world import APPLICATION, World

NEW_REQUIREMENTS = (
    "business_profile.mcc",
    "business_profile.url",
    "business_type",
    "external_account",
    "representative.dob.day",
    "representative.dob.month",
    "representative.dob.year",
    "representative.first_name",
    "representative.last_name",
    "tos_acceptance.date",
    "tos_acceptance.ip",
)
BIRTH_DATE = ["representative.dob.day", "representative.dob.month", "representative.dob.year"]
LATER_DAYS = 7
REVIEW_DAYS = 1


def apply_changes(world: World, account: StripeObject, changes: dict[str, Any]) -> None:
    """Set fields of an account and tell its endpoint what changed, each capability too; no change, no event."""
    changed = {name: value for name, value in changes.items() if account.get(name) != value}
    if not changed:
        return
    previous = {name: _before(account.get(name), value) for name, value in changed.items()}
    statuses = dict(account["capabilities"])
    account.update(changed)
    world.state.save(account)
    _plan_deadline(world, account)
    plan_run(world, account["id"])
    world.emit("account.updated", account, account=account["id"], previous=previous)
    for name, status in account["capabilities"].items():
        if statuses.get(name) != status:
            before = {"status": statuses.get(name, "unrequested")}
            capability = capability_object(account, name)
            world.emit("capability.updated", capability, account=account["id"], previous=before)


def _before(old: Any, new: Any) -> Any:
    """Return the former value as Stripe shows it: of an object only the fields that changed."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: value for key, value in old.items() if new.get(key) != value}
    return old


def _plan_deadline(world: World, account: StripeObject) -> None:
    deadline = account["requirements"]["current_deadline"]
    key = f"requirements_due:{account['id']}"
    if deadline:
        world.clock.plan("requirements_due", deadline - time.time(), account["id"], account=account["id"])
    elif world.state.get("_task", key):
        world.clock.cancel(key)


@work("requirements_due")
def pass_deadline(world: World, *, account: str) -> None:
    """Restrict an account whose requirements weren't met by their date."""
    row = world.state.get("account", account)
    due = row["requirements"]["currently_due"]
    requirements = row["requirements"] | {
        "current_deadline": None,
        "disabled_reason": "requirements.past_due",
        "past_due": list(due),
    }
    apply_changes(world, row, {"requirements": requirements} | _switches(row, on=False))


@work("review_ends")
def end_review(world: World, *, account: str) -> None:
    """End an account's review well, unless something else has happened to it."""
    row = world.state.get("account", account)
    if row["requirements"]["disabled_reason"] == "under_review":
        apply_changes(world, row, outcome_changes(row, "verified"))


def _switches(account: StripeObject, *, on: bool, payouts: bool | None = None) -> dict[str, Any]:
    status = "active" if on else "inactive"
    return {
        "capabilities": dict.fromkeys(account["capabilities"], status),
        "charges_enabled": on,
        "payouts_enabled": on if payouts is None else payouts,
    }


def outcome_changes(account: StripeObject, outcome: str) -> dict[str, Any]:
    """Return what onboarding changes when it ends with an outcome of the hosted page."""
    requirements = shapes.requirements()
    payouts: bool | None = None
    if outcome == "currently_due":
        requirements |= {"currently_due": ["external_account"], "eventually_due": ["external_account"]}
        payouts = False
    elif outcome == "eventually_due":
        deadline = int(time.time()) + LATER_DAYS * DAY
        requirements |= {
            "current_deadline": deadline,
            "currently_due": BIRTH_DATE,
            "eventually_due": BIRTH_DATE,
        }
    elif outcome == "under_review":
        requirements |= {"disabled_reason": "under_review"}
    elif outcome == "past_due":
        requirements |= dict.fromkeys(("currently_due", "eventually_due", "past_due"), BIRTH_DATE)
        requirements |= {"disabled_reason": "requirements.past_due"}
    elif outcome == "rejected":
        requirements |= {"disabled_reason": "rejected.fraud"}
    on = outcome in ("verified", "currently_due", "eventually_due")
    bank = account["external_accounts"]
    usable = [one for one in bank["data"] if one["status"] != "errored"]
    if outcome != "currently_due" and not usable:
        bank = {**bank, "data": [bank_account(account)]}
    return {
        "details_submitted": True,
        "external_accounts": bank,
        "requirements": requirements,
        "tos_acceptance": {"date": int(time.time()), "ip": "127.0.0.1", "user_agent": None},
    } | _switches(account, on=on, payouts=payouts)


def finish_onboarding(world: World, account: StripeObject, outcome: str = "verified", **more: Any) -> None:
    """Submit an account's details with the chosen outcome; a review ends by itself after a day."""
    apply_changes(world, account, outcome_changes(account, outcome) | more)
    if outcome == "under_review":
        world.clock.plan("review_ends", REVIEW_DAYS * DAY, account["id"], account=account["id"])


def set_by_hand(world: World, account: StripeObject, given: dict[str, Any]) -> None:
    """Set requirements, switches and capabilities as a control call gives them.

    As at Stripe, a disabled reason turns off what the call doesn't mention, and an account that goes on working
    with something due has a date by which it must be met.
    """
    changes: dict[str, Any] = {}
    if given.get("requirements", {}).get("disabled_reason"):
        changes |= _switches(account, on=False)
    for name in ("charges_enabled", "payouts_enabled", "details_submitted"):
        if name in given:
            changes[name] = given[name]
    if "capabilities" in given:
        changes["capabilities"] = changes.get("capabilities", account["capabilities"]) | given["capabilities"]
    if "requirements" in given:
        works = all((account | changes)[name] for name in ("charges_enabled", "payouts_enabled"))
        changes["requirements"] = _requirements(account, given["requirements"], works=works)
    apply_changes(world, account, changes)


def _requirements(account: StripeObject, given: dict[str, Any], *, works: bool) -> dict[str, Any]:
    requirements: dict[str, Any] = account["requirements"] | given
    if "eventually_due" not in given:
        requirements["eventually_due"] = []
    due = [*requirements["currently_due"], *requirements["past_due"], *requirements["eventually_due"]]
    requirements["eventually_due"] = list(dict.fromkeys(due))
    if "current_deadline" not in given:
        has_date = works and requirements["currently_due"] and not requirements["disabled_reason"]
        requirements["current_deadline"] = int(time.time()) + LATER_DAYS * DAY if has_date else None
    return requirements


def bank_account(
    account: StripeObject, number: str = "000123456789", routing: str = "110000000"
) -> StripeObject:
    """Return a test bank account of a connected account."""
    name = account["business_profile"]["name"] or account["email"]
    return {
        "id": new_id("ba"),
        "object": "bank_account",
        "account": account["id"],
        "account_holder_name": name,
        "account_holder_type": "company",
        "account_type": None,
        "available_payout_methods": ["standard"],
        "bank_name": "STRIPE TEST BANK",
        "country": account["country"],
        "currency": account["default_currency"],
        "default_for_currency": True,
        "fingerprint": new_id("bank", 12).removeprefix("bank_"),
        "future_requirements": None,
        "last4": number[-4:],
        "metadata": {},
        "requirements": None,
        "routing_number": routing,
        "status": "new",
    }


def deauthorize(world: World, account: StripeObject) -> None:
    """Cut the platform off from an account; the event's object is the application, only `account` names whose."""
    world.state.put("_revoked", account["id"], "deauthorized")
    application = {"id": APPLICATION, "object": "application", "name": "Maly"}
    world.emit("account.application.deauthorized", application, account=account["id"])
