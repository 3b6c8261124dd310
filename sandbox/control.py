"""The control calls under /_sandbox/: what tests, demos and operators' rehearsals ask of the sandbox."""

import copy
import time
from collections.abc import Callable

from sandbox import control_billing, control_money, payments
from sandbox.api import Api
from sandbox.control_fields import Bad, Json, only, text, whole
from sandbox.delivery import MODES, Delivery
from sandbox.errors import StripeError
from sandbox.faults import EFFECTS, Fault
from sandbox.resources import account_states
from sandbox.world import World

OUTCOMES = ("verified", "currently_due", "eventually_due", "under_review", "past_due", "rejected")
CAPABILITY_STATES = ("active", "inactive", "pending")
LISTS = ("currently_due", "eventually_due", "past_due", "pending_verification")
LONGEST_ADVANCE = 10 * 365 * 24 * 3600


class Control:
    """Carries out control calls by method and path."""

    def __init__(self, world: World, api: Api, delivery: Delivery, reset: Callable[[], None]) -> None:
        self.world = world
        self.api = api
        self.delivery = delivery
        self._reset = reset

    def handle(self, method: str, path: str, query: dict[str, str], body: Json) -> tuple[int, Json]:
        """Return the status and the JSON answer of a call; `path` is what follows /_sandbox/."""
        try:
            if not isinstance(body, dict):
                raise Bad("The body must be a JSON object.")
            match [method, *path.strip("/").split("/")]:
                case ["GET", "requests"]:
                    return 200, self._requests(query)
                case ["GET", "events"]:
                    return 200, [self._event(event) for event in self.world.state.values("event")]
                case ["POST", "events", event_id, "resend"]:
                    return 200, self._resend(event_id)
                case ["POST", "accounts", account_id]:
                    return 200, self._account(account_id, body)
                case ["POST", "checkout", session_id, "pay"]:
                    return 200, self._pay(session_id, body)
                case ["POST", "checkout", session_id, "abandon"]:
                    return 200, self._abandon(session_id)
                case ["POST", "clock"]:
                    return 200, self._clock(body)
                case [_, "faults"]:
                    return 200, self._faults(method, body)
                case ["POST", "delivery"]:
                    return 200, self._delivery(body)
                case ["POST", "delivery", "release"]:
                    return 200, {"released": self.delivery.release()}
                case ["POST", "reset"]:
                    self._reset()
                    return 200, {"reset": True}
                case ["POST", "subscriptions", subscription_id]:
                    return 200, copy.deepcopy(
                        control_billing.change_subscription(self.world, subscription_id, body)
                    )
                case ["POST", *parts]:
                    answer = control_money.handle(self.world, parts, body)
                    if answer is not None:
                        return 200, copy.deepcopy(answer)
            raise Bad(f"There is no control call {method} /_sandbox/{path}.", 404)
        except Bad as bad:
            return bad.status, {"error": {"message": str(bad)}}
        except StripeError as error:
            return error.status, error.body()

    # What has happened

    def _requests(self, query: dict[str, str]) -> list[Json]:
        since = _moment(query.get("since"))
        prefix = query.get("path", "")
        with self.world.state.lock:
            rows = self.world.state.values("_request")
            return [dict(row) for row in rows if row["path"].startswith(prefix) and row["at"] >= since]

    def _event(self, event: Json) -> Json:
        with self.world.state.lock:
            records = self.delivery.of_event(event["id"])
            attempts = [
                {
                    "url": self._url(record),
                    "status": attempt["status"],
                    "at": attempt["at"],
                    "ms": attempt["ms"],
                }
                for record in records
                for attempt in record["attempts"]
            ]
            return {
                "id": event["id"],
                "type": event["type"],
                "account": event.get("account"),
                "created": event["created"],
                "data": event["data"],
                "deliveries": sorted(attempts, key=lambda attempt: attempt["at"]),
                "states": [record["state"] for record in records],
            }

    def _url(self, record: Json) -> str | None:
        endpoint = self.delivery.endpoints.get(record["endpoint"])
        return endpoint.url if endpoint else None

    def _resend(self, event_id: str) -> Json:
        event = self.world.state.get("event", event_id)
        if event is None:
            raise Bad(f"There is no event {event_id}.", 404)
        return {"id": event_id, "deliveries": self.delivery.resend(event)}

    # Accounts and payments

    def _account(self, account_id: str, body: Json) -> Json:
        known = (
            "complete", "outcome", "requirements", "charges_enabled", "payouts_enabled", "details_submitted",
            "capabilities", "deauthorize",
        )  # fmt: skip
        only(body, *known)
        with self.world.state.transaction():
            account = self.world.state.get("account", account_id)
            if account is None or self.world.state.get("_revoked", account_id):
                raise Bad(f"There is no connected account {account_id}.", 404)
            _check_account(body)
            if body.get("deauthorize"):
                account_states.deauthorize(self.world, account)
                return {"id": account_id, "deauthorized": True}
            outcome = body.get("outcome") or ("verified" if body.get("complete") else None)
            if outcome:
                account_states.finish_onboarding(self.world, account, outcome)
            account_states.set_by_hand(self.world, account, body)
            return dict(account)

    def _pay(self, session_id: str, body: Json) -> Json:
        only(body, "card", "email", "name", "authenticate", "delayed")
        number = text(body, "card", "4242424242424242")
        buyer = payments.Buyer(email=text(body, "email", None), name=text(body, "name", None))
        delayed = body.get("delayed")
        if delayed not in (None, "succeeds", "fails"):
            raise Bad("`delayed` must be succeeds or fails.")
        if delayed:
            outcome = payments.pay_later(self.world, session_id, buyer, succeeds=delayed == "succeeds")
        else:
            authenticate = body.get("authenticate", True)
            outcome = payments.pay(self.world, session_id, number, buyer, checked_3ds=authenticate)
        session = outcome.session
        shown = ("id", "status", "payment_status", "payment_intent", "subscription", "customer")
        answer = {name: session[name] for name in shown}
        if outcome.declined:
            answer |= {"declined": outcome.declined, "message": outcome.message}
        if outcome.needs_3ds:
            answer["requires_action"] = True
        return answer

    def _abandon(self, session_id: str) -> Json:
        with self.world.state.transaction():
            session = payments.open_session(self.world, session_id)
            self.world.state.put("_abandoned", session_id, time.time())
            return {"id": session_id, "status": session["status"], "abandoned": True}

    # Time, faults, delivery

    def _clock(self, body: Json) -> Json:
        only(body, "advance_seconds")
        seconds = body.get("advance_seconds")
        if isinstance(seconds, str) and seconds.isdigit():
            seconds = int(seconds)
        if (
            isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
            or not 0 <= seconds <= LONGEST_ADVANCE
        ):
            raise Bad("`advance_seconds` must be a number of seconds, not negative.")
        done = self.world.clock.advance(seconds)
        with self.world.wake:
            self.world.wake.notify_all()
        return {"advanced_seconds": seconds, "done": done}

    def _faults(self, method: str, body: Json) -> Json:
        if method == "DELETE":
            self.api.faults.clear()
        elif method == "POST":
            self.api.faults.add(_fault(body))
        elif method != "GET":
            raise Bad("Faults are added by POST, shown by GET and cleared by DELETE.", 405)
        return {"faults": [fault.as_json() for fault in self.api.faults.all()]}

    def _delivery(self, body: Json) -> Json:
        only(body, "mode", "times", "seed")
        if body.get("mode") not in MODES:
            raise Bad(f"`mode` must be one of {', '.join(MODES)}.")
        times = whole(body, "times", None, least=1)
        self.delivery.set_mode(body["mode"], times, whole(body, "seed", None))
        return {"mode": body["mode"], "times": times}


def _moment(text: str | None) -> float:
    if not text:
        return 0.0
    try:
        return float(text)
    except ValueError:
        raise Bad("`since` must be a Unix time in seconds.") from None


def _fault(body: Json) -> Fault:
    only(body, "method", "path", "effect", "times", "value")
    if body.get("effect") not in EFFECTS:
        raise Bad(f"`effect` must be one of {', '.join(EFFECTS)}.")
    method = text(body, "method", None)
    path = text(body, "path", None)
    if not path:
        raise Bad("`path` must be given: the beginning of the paths that meet the fault.")
    value = whole(body, "value", 0, least=0)
    return Fault(
        method.upper() if method else None,
        path,
        body["effect"],
        whole(body, "times", 1, least=1) or 1,
        value or 0,
    )


def _check_account(body: Json) -> None:
    """Refuse fields of the wrong kind; raises `Bad`."""
    for name in ("complete", "deauthorize", "charges_enabled", "payouts_enabled", "details_submitted"):
        if name in body and not isinstance(body[name], bool):
            raise Bad(f"`{name}` must be true or false.")
    if "outcome" in body and body["outcome"] not in OUTCOMES:
        raise Bad(f"`outcome` must be one of {', '.join(OUTCOMES)}.")
    capabilities = body.get("capabilities", {})
    if not isinstance(capabilities, dict) or any(
        state not in CAPABILITY_STATES for state in capabilities.values()
    ):
        raise Bad(f"`capabilities` must name capabilities with one of {', '.join(CAPABILITY_STATES)}.")
    requirements = body.get("requirements", {})
    if not isinstance(requirements, dict):
        raise Bad("`requirements` must be an object.")
    only(requirements, *LISTS, "disabled_reason", "current_deadline", "errors")
    for name in LISTS:
        value = requirements.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Bad(f"`requirements.{name}` must be a list of texts.")
    if not isinstance(requirements.get("disabled_reason"), str | None):
        raise Bad("`requirements.disabled_reason` must be a text or null.")
    deadline = requirements.get("current_deadline")
    if deadline is not None and (isinstance(deadline, bool) or not isinstance(deadline, int)):
        raise Bad("`requirements.current_deadline` must be a Unix time or null.")
