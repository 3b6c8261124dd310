"""Rules of what happens by itself: deliveries in any order and number, workers that die, hours that pass."""

from datetime import timedelta

from hypothesis import strategies as st

from maly.tests.simulation.base import TROUBLES, Run
from maly.tests.simulation.steps import step
from maly.tests.simulation.trouble import Trouble

WHILES = st.sampled_from([1, 20, 2 * 60, 10 * 60, 26 * 60, 33 * 60, 3 * 3600, 24 * 3600, 3 * 24 * 3600])
MODES = st.sampled_from(["normal", "hold", "duplicate", "reverse", "shuffle", "drop"])
PATHS = st.sampled_from(
    [
        "checkout/sessions",
        "refunds",
        "charges",
        "application_fees",
        "transfers",
        "payouts",
        "balance",
        "disputes",
        "events",
    ]
)
EFFECTS = st.sampled_from(["error_500", "error_429", "drop_connection"])


class Happening(Run):
    @step(3, trouble=TROUBLES)
    def settle(self, trouble: Trouble) -> None:
        self.act("everything is delivered and worked off", self.work.settle, trouble)

    @step(2, trouble=TROUBLES)
    def deliver(self, trouble: Trouble) -> None:
        self.act("Stripe delivers", self.work.deliver, trouble)

    @step(2, trouble=TROUBLES)
    def process(self, trouble: Trouble) -> None:
        self.act("workers work", self.work.process, trouble)

    @step(3, trouble=TROUBLES)
    def sweep(self, trouble: Trouble) -> None:
        self.act("sweeps", self.work.sweep, trouble)

    @step(5, seconds=WHILES, trouble=TROUBLES)
    def time_passes(self, seconds: int, trouble: Trouble) -> None:
        """With the workers away; then they come back, and die perhaps, and come back."""
        self.pass_time(timedelta(seconds=seconds))
        self.act(f"after {seconds} s: sweeps", self.work.sweep, trouble)
        if self.troublemaker.has_struck:
            self.pass_time(timedelta(minutes=6))
            self.act("sweeps again", self.work.sweep)

    @step(3, mode=MODES, times=st.integers(1, 6), seed=st.integers(0, 9))
    def deliveries_go_wrong(self, mode: str, times: int, seed: int) -> None:
        self.market.control("delivery", mode=mode, times=times, seed=seed)
        self.tell(f"the next {times} events: {mode}")

    @step(1)
    def held_events_come(self) -> None:
        self.market.control("delivery/release")
        self.tell("held events come")

    @step(2, method=st.sampled_from(["POST", "GET"]), path=PATHS, effect=EFFECTS, times=st.integers(1, 3))
    def stripe_fails(self, method: str, path: str, effect: str, times: int) -> None:
        """By its own faults, at the next calls of a kind."""
        fault = {"method": method, "path": f"/v1/{path}", "effect": effect, "times": times}
        self.sandbox.control("POST", "/_sandbox/faults", fault)
        self.tell(f"the next {times} {method} {path} meet {effect}")

    @step(1, pick=st.integers(0, 40))
    def an_old_event_comes_again(self, pick: int) -> None:
        events = self.market.objects("event")
        if events:
            event = events[-1 - pick % len(events)]
            self.market.control(f"events/{event['id']}/resend")
            self.tell(f"again: {event['type']}")
