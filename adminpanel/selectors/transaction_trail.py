"""The money trail as staff read it: each movement with every party, who gives and who gains."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from maly.money import format_amount
from payouts.services.trail import Step, Trail
from ticketing.models import Order


@dataclass(frozen=True, kw_only=True)
class TrailLine:
    """One movement, or one that is still to come; `amount` is None while nobody knows it, minor units."""

    words: str
    amount: int | None
    currency: str
    parties: str = ""
    id: str = ""
    at: datetime | None = None
    is_pending: bool = False
    is_aside: bool = False
    is_end: bool = False


def staff_trail(order: Order, trail: Trail) -> list[TrailLine]:
    """What has moved, in its order, then what is still to come."""
    done = [_done(order, step) for step in trail.steps]
    to_come = [
        TrailLine(words=one.words, amount=one.amount, currency=one.currency, is_pending=True)
        for one in trail.pending
    ]
    return [*done, *to_come]


def _done(order: Order, step: Step) -> TrailLine:
    return TrailLine(
        words=step.words,
        amount=step.amount,
        currency=step.currency,
        parties=" · ".join(_parties(order, step)),
        id=step.id,
        at=step.occurred_at,
        is_aside=bool(step.stripe) and not (step.organizer or step.at_organizer),
        is_end=step.bank > 0,
    )


def _parties(order: Order, step: Step) -> Iterator[str]:
    """Who gains and who gives: they add up to nothing. What is at the organizer's at Stripe stands behind them."""
    organizer = order.organization.name
    gains = (
        (_("Buyer"), step.buyer),
        (organizer, step.organizer),
        (settings.PLATFORM_NAME, step.platform),
        (_("Stripe"), step.stripe),
        (_("Held back"), step.withheld),
        (_("Bank"), step.bank),
        (_("Balance of %(name)s at Stripe") % {"name": organizer}, step.at_organizer),
    )
    for who, amount in gains:
        if amount:
            yield f"{who} {'+' if amount > 0 else ''}{format_amount(amount, step.currency)}"
