"""The simulation's machine, with this process's database and sandbox."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connect import gateway
from sandbox.server import Sandbox

pytest.register_assert_rewrite("maly.tests.simulation.checks")

from maly.tests.simulation.clock import virtual_postgres  # noqa: E402
from maly.tests.simulation.machine import Marketplace  # noqa: E402  after the line above


@pytest.fixture
def marketplace(
    transactional_db: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> Iterator[type[Marketplace]]:
    """A machine to be run: each run empties database and sandbox first."""
    from django.test.testcases import TransactionTestCase

    monkeypatch.setattr(gateway, "FIRST_PAUSE_SECONDS", 0)
    settings.MALY_DATA_DIR = tmp_path  # the heads of its days are exported there, and no other test's concern
    empty: Any = TransactionTestCase._fixture_teardown
    attributes = {"sandbox": sandbox, "empty_tables": staticmethod(lambda: empty(None)), "runs": []}
    with virtual_postgres():
        yield type("Marketplace", (Marketplace,), attributes)
