"""A statement as CSV, for spreadsheets and bookkeeping programs: one table, a row for each movement."""

from collections.abc import Iterable, Sequence
from itertools import chain

from maly.money import to_decimal
from maly.spreadsheets import write_rows
from payouts.services.statements import Item, Statement

COLUMNS = (
    "date_utc",
    "section",
    "description",
    "order",
    "event",
    "reference",
    "gross",
    "fees",
    "owed",
    "net",
    "balance",
    "currency",
)


def write_csv(statements: Sequence[Statement]) -> str:
    """The statements below each other; amounts are decimals of their currency, texts can't become formulas."""
    rows = (row for statement in statements for row in _rows(statement))
    return "".join(write_rows(chain([COLUMNS], rows)))


def _rows(statement: Statement) -> Iterable[list[object]]:
    now = statement.opening
    yield _bound(statement, f"{statement.start:%Y-%m-%d}", "Opening balance", now)
    for item in statement.items:
        now += item.net
        yield _row(item, now, statement.currency)
    yield _bound(statement, f"{statement.end:%Y-%m-%d}", "Closing balance", now)


def _bound(statement: Statement, day: str, words: str, amount: int) -> list[object]:
    shown = to_decimal(amount, statement.currency)
    return [day, "balance", words, *[""] * 7, shown, statement.currency.upper()]


def _row(item: Item, now: int, currency: str) -> list[object]:
    texts = [item.section.value, item.words, item.order, item.event, item.reference]
    amounts = [item.gross, item.fees, item.owed, item.net, now]
    return [
        f"{item.occurred_at:%Y-%m-%dT%H:%M:%SZ}",
        *texts,
        *(to_decimal(amount, currency) for amount in amounts),
        currency.upper(),
    ]
