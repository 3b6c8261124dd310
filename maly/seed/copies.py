"""Copies of rows made inside the database, with ids, codes and moments of their own: as fast as it can write.

A `World` is everything that belongs to one organization. Its parts are copied together, a number of copies at a time,
each time in one transaction. Triggers and foreign keys are off while it writes, since what they would check holds of
the rows that are copied; that takes a superuser of PostgreSQL.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Field, Model, QuerySet

# Odd numbers, so that multiplying by them modulo a power of two gives each number another one.
SCATTER = 0x9E3779B1 | 1
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def code_sql(length: int, number: str) -> str:
    """SQL of a Crockford code of `length` characters, another one for each number."""
    scattered = f"mod(({number}) * {SCATTER}, {32**length})"
    digits = (
        f"substr('{CROCKFORD}', mod({scattered} / {32**place}, 32)::int + 1, 1)" for place in range(length)
    )
    return " || ".join(digits)


def suffixed(*columns: str) -> dict[str, str]:
    """The same ids with the number of the copy behind them; what is empty stays so."""
    return {
        column: f"CASE WHEN t.{column} <> '' THEN t.{column} || 'k' || k ELSE t.{column} END"
        for column in columns
    }


@dataclass(frozen=True)
class Part:
    """Rows of one table. `told` has the SQL of columns that aren't copied as they are.

    In it `t` is the row, `k` the number of the copy, `{number}` another number for each row and copy, and
    `{organization_id}` the new id that this column will have. What the row is `joined` to without such a column, by
    its table and the SQL of its id, has its new id and number as `{ticketing_order}` and `{ticketing_order_number}`.
    """

    rows: QuerySet[Any]
    told: dict[str, str] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def model(self) -> type[Model]:
        return self.rows.model

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)


class World:
    """What is copied, from its first part to its last; a part may refer to those before it."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self._counts: dict[str, int] = {}
        self._bases: dict[str, int] = {}

    def copy(
        self, first: int, until: int, *, at_once: int, step: timedelta, then: Callable[[int], None]
    ) -> Iterator[int]:
        """Make the copies `first` to `until`, each a `step` before the next; `until` is now. Yields how far it is.

        `then` is called in the transaction of every `at_once` copies, with the number of the first of them.
        """
        self._note_rows(first, until)
        for begin in range(first, until, at_once):
            end = min(begin + at_once, until)
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                for part in self.parts:
                    cursor.execute(
                        self._insert(part), {"first": begin, "last": end - 1, "until": until, "step": step}
                    )
                cursor.execute("SET LOCAL session_replication_role = origin")
                then(begin)
            yield end

    def _note_rows(self, first: int, until: int) -> None:
        """Write down which rows are copied, in temporary tables, and keep ids for all the copies."""
        with connection.cursor() as cursor:
            for part in self.parts:
                table, key = part.table, str(part.model._meta.pk.column)
                ids = list(part.rows.order_by("pk").values_list("pk", flat=True))
                self._counts[table] = len(ids)
                cursor.execute(f"DROP TABLE IF EXISTS copied_{table}")
                cursor.execute(
                    f"CREATE TEMPORARY TABLE copied_{table} AS SELECT old_id, rank - 1 AS rank "
                    "FROM unnest(%s::bigint[]) WITH ORDINALITY AS row(old_id, rank)",
                    [ids],
                )
                if key == "id":
                    cursor.execute(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), nextval("
                        f"pg_get_serial_sequence('{table}', 'id')) + %s)",
                        [len(ids) * (until - first)],
                    )
                    self._bases[table] = cursor.fetchone()[0] - len(ids) * until

    def _insert(self, part: Part) -> str:
        fields = [each for each in part.model._meta.concrete_fields if each.column not in part.left_out]
        links = {
            **{each.column: f"t.{each.column}" for each in fields if self._is_copied(each)},
            **part.joined,
        }
        joins = "".join(
            f" LEFT JOIN copied_{self._target(part, name)} r_{name} ON r_{name}.old_id = {expression}"
            for name, expression in links.items()
        )
        values = ", ".join(self._value(part, each) for each in fields)
        columns = ", ".join(f'"{each.column}"' for each in fields)
        return (
            f"INSERT INTO {part.table} ({columns}) SELECT {values} "
            f"FROM {part.table} t JOIN copied_{part.table} m ON m.old_id = t.{part.model._meta.pk.column}"
            f"{joins} CROSS JOIN generate_series(%(first)s::bigint, %(last)s::bigint) k"
        )

    def _value(self, part: Part, one: Field) -> str:
        column = str(one.column)
        told = part.told.get(column)
        if told is not None:
            names = {"number": self._number(part.table, "m")}
            for name, table in self._joined_tables(part):
                names[name] = self._new_id(table, f"r_{name}")
                names[f"{name}_number"] = self._number(table, f"r_{name}")
            return told.format(**names)
        if one.primary_key and column == "id":
            return self._new_id(part.table, "m")
        if self._is_copied(one):
            return f"COALESCE({self._new_id(self._target(part, column), f'r_{column}')}, t.{column})"
        if one.get_internal_type() == "DateTimeField":
            return f't."{column}" - (%(until)s - k) * %(step)s'
        return f't."{column}"'

    def _joined_tables(self, part: Part) -> Iterator[tuple[str, str]]:
        links = [each.column for each in part.model._meta.concrete_fields if self._is_copied(each)]
        return ((name, self._target(part, name)) for name in [*links, *part.joined])

    def _is_copied(self, one: Field) -> bool:
        return one.related_model is not None and one.related_model._meta.db_table in self._counts

    def _target(self, part: Part, name: str) -> str:
        """The table that a column, or something joined by the name of its table, refers to."""
        for one in part.model._meta.concrete_fields:
            if one.column == name and one.related_model is not None:
                return str(one.related_model._meta.db_table)
        return name

    def _number(self, table: str, alias: str) -> str:
        return f"(k * {self._counts[table]} + {alias}.rank)"

    def _new_id(self, table: str, alias: str) -> str:
        return f"({self._bases.get(table, 0)} + {self._number(table, alias)})"
