"""The simulation's machine, with this process's database and sandbox."""

from collections.abc import Iterator
from typing import Any

import pytest

from connect import gateway
from sandbox.server import Sandbox

pytest.register_assert_rewrite("maly.tests.simulation.checks")

from maly.tests.simulation.clock import virtual_postgres  # noqa: E402
from maly.tests.simulation.machine import Marketplace  # noqa: E402  after the line above


@pytest.fixture
def marketplace(
    transactional_db: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[type[Marketplace]]:
    """A machine to be run: each run empties database and sandbox first."""
    from django.test.testcases import TransactionTestCase

    monkeypatch.setattr(gateway, "FIRST_PAUSE_SECONDS", 0)
    empty: Any = TransactionTestCase._fixture_teardown
    attributes = {"sandbox": sandbox, "empty_tables": staticmethod(lambda: empty(None)), "runs": []}
    with virtual_postgres():
        yield type("Marketplace", (Marketplace,), attributes)
