"""One posting of an order."""

from datetime import datetime

from ledger.services.posting import Line, post
from ticketing.models import Order


def post_of_order(
    kind: str, source: str, order: Order, lines: list[Line], *, at: datetime, currency: str = ""
) -> None:
    """Post a movement of an order's money, under the order as its subject; in another currency only if one is given."""
    post(
        kind,
        source=source,
        currency=currency or order.currency,
        organization=order.organization,
        subject=f"order:{order.code}",
        occurred_at=at,
        lines=lines,
    )
