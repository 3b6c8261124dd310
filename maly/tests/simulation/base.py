"""What every step stands on: one run's market, its time, its troubles, and the checks after each step."""

import random
import shutil
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from connect.errors import GatewayError
from ledger.services.heads import default_file
from maly import crash
from maly.errors import MalyError
from maly.tests.simulation import checks
from maly.tests.simulation.clock import virtual_time
from maly.tests.simulation.market import Market, Sale, open_market
from maly.tests.simulation.steps import STEPS, Call, draw_call
from maly.tests.simulation.trouble import NONE, Trouble, Troublemaker
from maly.tests.simulation.work import Work
from sandbox.server import Sandbox

FULL_EVERY = 10
# Mostly none, so that a shrunk run keeps the trouble that matters only.
TROUBLES = st.one_of(
    st.just(NONE),
    st.just(NONE),
    st.just(NONE),
    st.builds(Trouble, st.just("killed"), st.integers(1, 16)),
    st.builds(Trouble, st.sampled_from(["lost", "away"]), st.integers(1, 4)),
)
WITHOUT = st.deferred(lambda: st.frozensets(st.sampled_from(sorted(STEPS)), max_size=6))
PAYING = ["4242424242424242", "4000000000000077"]
PICK = st.integers(0, 11)


class Run(RuleBasedStateMachine):
    """One run, from an empty database to its end. Rules are added by the modules beside this one."""

    sandbox: Sandbox
    empty_tables: Callable[[], None]
    runs: list["Run"]  # every run that was begun

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.calls: list[Call] = []
        self.history: list[str] = []
        self.runs.append(self)
        self._open()

    def _open(self) -> None:
        """An empty database, an empty Stripe, the same first moment and the same dice."""
        type(self).empty_tables()
        cache.clear()
        random.seed(0)
        shutil.rmtree(default_file().parent, ignore_errors=True)
        self.sandbox.reset()
        self._time = virtual_time()
        self.clock = self._time.__enter__()
        self.troublemaker = Troublemaker(self.clock.tick)
        crash.install_hook(self.troublemaker)
        self.work = Work(self.sandbox, self.clock)
        self.market: Market = open_market(self.sandbox)
        self.work.settle()

    def act(self, words: str, action: Callable[[], Any], trouble: Trouble = NONE) -> Any:
        """Do one thing in the name of somebody, with trouble; refusals are answers. None when nothing came back."""
        outcome, result = "never answered", None
        with self.troublemaker.during(trouble):
            try:
                result = action()
                outcome = "done"
            except (MalyError, GatewayError) as refusal:
                outcome = type(refusal).__name__
        has_struck = self.troublemaker.has_struck
        self.tell(f"{words}: {outcome}" + (f" ({trouble.kind} at {trouble.at})" if has_struck else ""))
        return result

    def tell(self, words: str) -> None:
        self.history.append(words)

    def pass_time(self, duration: timedelta) -> None:
        """For everybody: Stripe does what falls due meanwhile, and tells nobody yet."""
        self.clock.pass_time(duration)
        self.market.control("clock", advance_seconds=0)

    def sale(self, pick: int) -> Sale | None:
        """One of the latest sales."""
        sales = self.market.sales
        return sales[-1 - pick % len(sales)] if sales else None

    @initialize(without=WITHOUT, card=st.sampled_from(PAYING))
    def doors_open(self, without: frozenset[str], card: str) -> None:
        """Each run does without some kinds of steps, and begins with a sale of each organizer."""
        self.without = without
        for organizer in range(3):
            self.make(("buy", {"organizer": organizer, "cart": (1, 1, 0), "card": card}))

    @rule(data=st.data())
    def something_happens(self, data: Any) -> None:
        self.make(draw_call(data, self.without))

    def make(self, call: Call) -> None:
        name, values = call
        self.calls.append(call)
        getattr(self, name)(**values)

    @invariant()
    def nothing_is_broken(self) -> None:
        self.pass_time(timedelta(seconds=1))
        self.steps += 1
        checks.check_step(self.market, is_full=self.steps % FULL_EVERY == 0)

    def teardown(self) -> None:
        try:
            self._come_to_an_end()
        finally:
            crash.install_hook(None)
            self._time.__exit__(None, None, None)

    def _come_to_an_end(self) -> None:
        self.market.control("delivery", mode="normal")
        self.market.control("delivery/release")
        self.sandbox.control("DELETE", "/_sandbox/faults")
        self.work.come_to_rest()
        checks.check_end(self.market)
        self.history.append(f"end: {checks.end_in_words(self.market)}")
