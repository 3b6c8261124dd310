"""The gateway's calls that read long lists page by page, so that what came is kept and the rest can be read later."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connect.gateway import call, call_list
from connect.stripe_objects import BalanceTransaction, Data

PAGE = 100
MOST_TYPES = 20  # in one list of events (docs.stripe.com/api/events/list)
Page = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """Objects made from one moment to another, both included; None is without end."""

    since: datetime | None = None
    until: datetime | None = None

    def as_parameters(self) -> dict[str, Any]:
        created = {"gte": self.since, "lte": self.until}
        given = {name: int(at.timestamp()) for name, at in created.items() if at}
        return {"created": given} if given else {}


def page_transactions(
    account_id: str, span: Span, *, after: str = ""
) -> Iterator[tuple[list[BalanceTransaction], bool]]:
    """An account's movements ("" is the platform's), newest first, a page at a time, and whether more follow.

    `after` is the last movement of an earlier listing of the same span, which this one goes on behind. Raises
    GatewayError.
    """
    wanted = {**span.as_parameters(), "expand": ["data.source"]}
    options = _on_behalf_of(account_id)

    def read(parameters: dict[str, Any]) -> Page:
        answer: Page = call(
            "list_balance_transactions",
            lambda client: client.v1.balance_transactions.list(parameters, options),
        )
        return answer

    for rows, has_more in _pages(read, wanted, after):
        yield [BalanceTransaction.parse(row) for row in rows], has_more


def page_events(account_id: str, types: Sequence[str], span: Span) -> Iterator[list[Data]]:
    """An account's events of up to 20 types, newest first, a page at a time, as a webhook would bring them.

    Stripe keeps them for 30 days. Raises GatewayError.
    """
    wanted = {**span.as_parameters(), "types": list(types)}
    options = _on_behalf_of(account_id)

    def read(parameters: dict[str, Any]) -> Page:
        answer: Page = call("list_events", lambda client: client.v1.events.list(parameters, options))
        return answer

    for rows, _has_more in _pages(read, wanted, ""):
        # The SDK makes numbers of Stripe's decimal texts; a webhook's body has the texts.
        yield [json.loads(json.dumps(row, default=str)) for row in rows]


def list_webhook_endpoints() -> list[Data]:
    """The webhook endpoints that Stripe knows in the key's mode. Raises GatewayError."""
    return call_list(
        "list_webhook_endpoints", lambda client: client.v1.webhook_endpoints.list({"limit": PAGE})
    )


def _pages(
    read: Callable[[dict[str, Any]], Page], wanted: dict[str, Any], after: str
) -> Iterator[tuple[list[Data], bool]]:
    has_more = True
    while has_more:
        page = read({**wanted, "limit": PAGE, **({"starting_after": after} if after else {})})
        rows = page["data"]
        has_more = bool(page["has_more"] and rows)
        yield rows, has_more
        after = rows[-1]["id"] if rows else ""


def _on_behalf_of(account_id: str) -> dict[str, Any]:
    return {"stripe_account": account_id} if account_id else {}
