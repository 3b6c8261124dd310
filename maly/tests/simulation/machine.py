"""The whole marketplace: every rule in one machine, and how it is run."""

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from maly.tests.simulation.buying import Buying
from maly.tests.simulation.disputing import Disputing
from maly.tests.simulation.giving_back import GivingBack
from maly.tests.simulation.happening import Happening
from maly.tests.simulation.paying_out import PayingOut
from maly.tests.simulation.staff import Staff
from maly.tests.simulation.steps import Call, in_words, play_again, shrink

STEPS_OF_A_RUN = 50


class Marketplace(Buying, GivingBack, Disputing, PayingOut, Staff, Happening):
    """Buyers, organizers, staff, banks and Stripe."""


class Broken(AssertionError):
    """A run failed; says how, by which seed, and in how few steps."""


def simulate(machine: type[Marketplace], *, steps: int, start: int | None) -> None:
    """Play `steps` steps in runs of 50, always the same ones from the same seed (`start`; None for the suite's own).

    Raises Broken with the seed and the fewest steps that still fail.
    """
    error = play(machine, steps=steps, start=start)
    if error is not None:
        again = f"make simulate SEED={start} STEPS={steps}" if start is not None else "the suite's own steps"
        raise Broken(_explain(machine, machine.runs[-1].calls, again))


def play(machine: type[Marketplace], *, steps: int, start: int | None) -> Exception | None:
    """The same, without explaining: how the last run failed, or None."""
    machine.runs.clear()
    if start is not None:
        seed(start)(machine)
    try:
        run_state_machine_as_test(machine, settings=_settings(steps, is_seeded=start is not None))
    except Exception as error:  # noqa: BLE001  whatever is wrong is what is looked for
        return error
    return None


def _settings(steps: int, *, is_seeded: bool) -> settings:
    return settings(
        max_examples=max(1, steps // STEPS_OF_A_RUN),
        stateful_step_count=min(steps, STEPS_OF_A_RUN),
        derandomize=not is_seeded,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=[Phase.generate],  # our own shrinking takes a minute, hypothesis's many
        suppress_health_check=list(HealthCheck),
    )


def _explain(machine: type[Marketplace], failed: list[Call], again: str) -> str:
    fewest = shrink(machine, failed)
    error = play_again(machine, fewest)
    words = "\n".join(machine.runs[-1].history)
    return f"{error!r}\n\n{again}; {len(fewest)} of {len(failed)} steps:\n{in_words(fewest)}\n\n{words}"
