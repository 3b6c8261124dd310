"""Statements of operations, written out: each reads several tables at once, so that the page needs few of them."""

from typing import Any

from django.db import connection


def read_rows(query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a statement, by column."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
