"""Time as the simulation wants it: standing still, moved on by the machine, the same for Python and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import time_machine
from django.db import connection

# A Monday. Far from today, so that whatever still reads the real clock is found out.
START = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)
# PostgreSQL's clock is ahead by more than a step can take, so that what a step has queued is due in it.
LEAD = timedelta(seconds=30)
TICK = timedelta(milliseconds=20)
NAMES = ("now", "clock_timestamp", "statement_timestamp", "transaction_timestamp")
# Columns that PostgreSQL itself dates.
DEFAULTS = """
SELECT adrelid::regclass::text, quote_ident(attname), pg_get_expr(adbin, adrelid)
FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
WHERE pg_get_expr(adbin, adrelid) ~ '(statement_timestamp|clock_timestamp|now)\\(\\)|CURRENT_TIMESTAMP'
"""


class VirtualClock:
    """The clock of one run; `tick` is a moment, `pass_time` as long as anybody likes."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller
        self._now = START
        self._tell()

    @property
    def elapsed(self) -> timedelta:
        return self._now - START

    def tick(self) -> None:
        """Let a moment pass, so that no two things happen at once. PostgreSQL hears of it with the next step."""
        self._now += TICK
        self._traveller.move_to(self._now)

    def pass_time(self, duration: timedelta) -> None:
        self._now += duration
        self._traveller.move_to(self._now)
        self._tell()

    def _tell(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('simulated.now', %s, false)", [(self._now + LEAD).isoformat()])


@contextmanager
def virtual_time() -> Iterator[VirtualClock]:
    """Stop this process's clock until the end of the block; PostgreSQL's, if it is `virtual_postgres`, goes with it."""
    with time_machine.travel(START, tick=False) as traveller:
        yield VirtualClock(traveller)


@contextmanager
def virtual_postgres() -> Iterator[None]:
    """Put a clock of ours before PostgreSQL's, for this connection and for the defaults of columns."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS simulated")
        for name in NAMES:
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION simulated.{name}() RETURNS timestamptz LANGUAGE sql STABLE AS "
                "$$ SELECT current_setting('simulated.now')::timestamptz $$"
            )
        cursor.execute(DEFAULTS)
        defaults = cursor.fetchall()
        for table, column, _ in defaults:
            cursor.execute(f"ALTER TABLE {table} ALTER {column} SET DEFAULT simulated.now()")
        cursor.execute("SET search_path = simulated, pg_catalog, public")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path")
            for table, column, default in defaults:
                cursor.execute(f"ALTER TABLE {table} ALTER {column} SET DEFAULT {default}")
