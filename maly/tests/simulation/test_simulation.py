"""The marketplace under hypothesis: whatever happens in whatever order, the money is right after each step."""

import os
import secrets

import pytest

from maly.tests.simulation.machine import Marketplace, play, simulate


def test_whatever_happens_the_money_is_right(marketplace: type[Marketplace]) -> None:
    simulate(marketplace, steps=500, start=None)
    assert sum(run.steps for run in marketplace.runs) >= 500


def test_the_same_seed_plays_the_same_runs(marketplace: type[Marketplace]) -> None:
    assert play(marketplace, steps=30, start=20310303) is None
    first = [run.history for run in marketplace.runs]
    assert play(marketplace, steps=30, start=20310303) is None
    assert [run.history for run in marketplace.runs] == first


@pytest.mark.skipif("SIMULATE_STEPS" not in os.environ, reason="`make simulate` plays it")
def test_a_long_simulation(marketplace: type[Marketplace], capsys: pytest.CaptureFixture[str]) -> None:
    steps = int(os.environ["SIMULATE_STEPS"])
    seed = int(os.environ.get("SIMULATE_SEED") or secrets.randbelow(2**32))
    with capsys.disabled():
        print(f"\nmake simulate SEED={seed} STEPS={steps}")  # noqa: T201
    simulate(marketplace, steps=steps, start=seed)
