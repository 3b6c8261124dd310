"""The control calls that move money: refunds and disputes from outside, payouts now, failures afterwards."""

from collections.abc import Mapping
from typing import Any

from sandbox import params
from sandbox.control_fields import Bad, Json, choice, only, text, whole, yes_or_no
from sandbox.resources import dispute_states, payout_states, refund_states
from sandbox.resources.accounts import platform_account
from sandbox.resources.charges import settle_now
from sandbox.resources.payout_schedules import merged_schedule, plan_run
from sandbox.state import StripeObject
from sandbox.world import PLATFORM, World

REFUND_STATES = ("succeeded", "failed", "canceled")
PLATFORM_NAMES = ("", "platform", PLATFORM)


def handle(world: World, path: list[str], body: Json) -> StripeObject | None:
    """Carry out a POST if it is one of these calls; raises `Bad` or `StripeError`."""
    with world.state.transaction():
        match path:
            case ["charges", charge_id, "refund"]:
                return _refund(world, charge_id, body)
            case ["charges", charge_id, "dispute"]:
                return _dispute(world, charge_id, body)
            case ["refunds", refund_id]:
                return _end_refund(world, refund_id, body)
            case ["disputes", dispute_id]:
                return _decide(world, dispute_id, body)
            case ["payouts"]:
                return _pay_out(world, body)
            case ["payouts", payout_id]:
                return _end_payout(world, payout_id, body)
            case ["platform"]:
                return _set_platform(world, body)
    return None


def _charge(world: World, charge_id: str) -> StripeObject:
    """Return a buyer's charge by its id or its PaymentIntent's, booked if it wasn't yet."""
    intent: Mapping[str, Any] = world.state.get("payment_intent", charge_id) or {}
    charge: StripeObject | None = world.state.get("charge", intent.get("latest_charge") or charge_id)
    if charge is None or world.state.owner_of(charge["id"]):
        raise Bad(f"There is no charge {charge_id}.", 404)
    settle_now(world, charge["id"])
    return charge


def _found(world: World, kind: str, identifier: str) -> StripeObject:
    found: StripeObject | None = world.state.get(kind, identifier)
    if found is None:
        raise Bad(f"There is no {kind} {identifier}.", 404)
    return found


def _refund(world: World, charge_id: str, body: Json) -> StripeObject:
    """Refund as a person does in Stripe's dashboard: nothing is reversed or given back unless it is ticked."""
    only(body, "amount", "reverse_transfer", "refund_application_fee", "reason")
    wish = refund_states.Wish(
        amount=whole(body, "amount", None, least=1),
        reverse_transfer=yes_or_no(body, "reverse_transfer", default=False),
        refund_application_fee=yes_or_no(body, "refund_application_fee", default=False),
        reason=text(body, "reason", "requested_by_customer"),
    )
    return refund_states.make_refund(world, _charge(world, charge_id), wish)


def _end_refund(world: World, refund_id: str, body: Json) -> StripeObject:
    only(body, "status", "failure_reason")
    status = choice(body, "status", REFUND_STATES)
    reason = choice(body, "failure_reason", refund_states.FAILURE_REASONS, "declined")
    refund = _found(world, "refund", refund_id)
    if world.state.owner_of(refund_id):
        raise Bad(f"Refund {refund_id} is a connected account's side of a reversal.")
    if status == "succeeded":
        refund_states.complete_refund(world, refund)
    elif status == "canceled":
        refund_states.cancel_refund(world, refund)
    else:
        refund_states.fail_refund(world, refund, reason)
    return refund


def _dispute(world: World, charge_id: str, body: Json) -> StripeObject:
    only(body, "reason", "amount", "inquiry", "days")
    reason = choice(body, "reason", dispute_states.REASONS, "fraudulent")
    amount = whole(body, "amount", None, least=1)
    inquiry = yes_or_no(body, "inquiry", default=False)
    days = whole(body, "days", None, least=1) or dispute_states.EVIDENCE_DAYS
    return dispute_states.open_dispute(
        world, _charge(world, charge_id), reason, amount, inquiry=inquiry, days=days
    )


def _decide(world: World, dispute_id: str, body: Json) -> StripeObject:
    only(body, "outcome")
    outcome = choice(body, "outcome", dispute_states.OUTCOMES)
    dispute = _found(world, "dispute", dispute_id)
    dispute_states.decide_dispute(world, dispute, outcome)
    return dispute


def _pay_out(world: World, body: Json) -> StripeObject:
    """Pay everything available out; answers with the payout in the account's own currency, or the first."""
    only(body, "account", "outcome", "failure_code", "currency")
    account = text(body, "account", None)
    if account is None:
        raise Bad("`account` must be given: a connected account's id, or platform.")
    if account in PLATFORM_NAMES:
        account = ""
    elif world.state.get("account", account) is None:
        raise Bad(f"There is no connected account {account}.", 404)
    outcome = choice(body, "outcome", ("paid", "failed"), "paid")
    code = choice(body, "failure_code", tuple(payout_states.FAILURES), "could_not_process")
    currency = text(body, "currency", None)
    made = payout_states.pay_out_now(world, account, outcome, code, currency and currency.lower())
    own = payout_states.owner_account(world, account)["default_currency"]
    return next((payout for payout in made if payout["currency"] == own), made[0])


def _end_payout(world: World, payout_id: str, body: Json) -> StripeObject:
    only(body, "outcome", "failure_code")
    outcome = choice(body, "outcome", ("paid", "failed", "canceled"))
    code = choice(body, "failure_code", tuple(payout_states.FAILURES), "could_not_process")
    payout = _found(world, "payout", payout_id)
    payout_states.end_payout(world, payout, outcome, code)
    return payout


def _set_platform(world: World, body: Json) -> StripeObject:
    """Set what the platform's owner sets in Stripe's dashboard: its payouts, and whether its bank is debited."""
    only(body, "bank_debits", "schedule")
    account = platform_account(world)
    payouts = account["settings"]["payouts"]
    known = world.state.get(refund_states.SETTINGS, refund_states.BANK_DEBITS) is not False
    debits = yes_or_no(body, "bank_debits", default=known)
    if "schedule" in body:
        schedule = body["schedule"]
        if not isinstance(schedule, dict):
            raise Bad("`schedule` must be an object such as an account's settings.payouts.schedule.")
        payouts["schedule"] = merged_schedule(payouts["schedule"], _checked(schedule))
        world.state.save(account)
        plan_run(world, "", anew=True)
    world.state.put(refund_states.SETTINGS, refund_states.BANK_DEBITS, debits)
    return {"id": PLATFORM, "bank_debits": debits, "schedule": payouts["schedule"]}


def _checked(schedule: dict[str, Any]) -> dict[str, Any]:
    """Return a schedule's fields as the API would read them from a form; raises `StripeError`."""
    raw = {
        name: [str(one) for one in value] if isinstance(value, list) else str(value)
        for name, value in schedule.items()
    }
    tree = {"settings": {"payouts": {"schedule": raw}}}
    checked: dict[str, Any] = params.check("post", "/v1/accounts/{account}", tree)
    return dict(checked["settings"]["payouts"]["schedule"])
