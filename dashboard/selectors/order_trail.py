"""The money trail in the organizer's words: each movement's amount with its sign, and what it did to whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from maly.money import format_amount
from payouts.services.trail import Step, Trail
from payouts.services.trail_pending import Pending

# Where the ledger's words speak of the organizer, the organizer reads "your".
YOURS: dict[str, Promise] = {
    "transfer": _lazy("Moved to your Stripe account"),
    "transfer_reversed": _lazy("Taken from your Stripe balance for a refund"),
    "organizer_made_whole": _lazy("Given back to you after a refund failed"),
    "dispute_recovered": _lazy("Taken from your Stripe balance for a dispute"),
    "dispute_returned": _lazy("Given back to you after a won dispute"),
    "payout_paid": _lazy("In your bank"),
}


@dataclass(frozen=True, kw_only=True)
class TrailLine:
    """One line. `amount` is signed as the organizer sees it, None while nobody knows it; minor units."""

    words: str
    amount: int | None
    currency: str
    effects: str = ""
    note: str = ""
    id: str = ""
    at: datetime | None = None
    arrives_at: datetime | None = None
    is_pending: bool = False
    is_aside: bool = False
    is_end: bool = False


def trail_lines(trail: Trail) -> list[TrailLine]:
    """What has moved, in its order, then what is still to come."""
    return [*map(_done, trail.steps), *map(_to_come, trail.pending)]


def _done(step: Step) -> TrailLine:
    # What moves between the platform and Stripe alone is none of the organizer's money.
    is_aside = bool(step.stripe) and not (step.organizer or step.at_organizer)
    return TrailLine(
        words=str(YOURS.get(step.kind, step.words)),
        amount=_signed(step),
        currency=step.currency,
        effects=" · ".join(_effects(step)),
        note=_note(step),
        id=step.id,
        at=step.occurred_at,
        arrives_at=step.arrives_at if step.bank else None,
        is_aside=is_aside,
        is_end=step.bank > 0,
    )


def _note(step: Step) -> str:
    """Who pays what Stripe takes, so that nobody takes it for their own."""
    given = {"platform": settings.PLATFORM_NAME, "fee": format_amount(step.stripe, step.currency)}
    if step.kind == "dispute_opened" and step.stripe:
        return _("Stripe’s fee for it, %(fee)s, is paid by %(platform)s, not by you") % given
    return _("paid by %(platform)s, not by you") % given if step.kind == "stripe_fee" else ""


def _to_come(pending: Pending) -> TrailLine:
    words = str(YOURS.get(pending.kind, pending.words))
    return TrailLine(words=words, amount=pending.amount, currency=pending.currency, is_pending=True)


def _signed(step: Step) -> int:
    """The amount that moved: below 0 where it leaves the organizer's side."""
    if step.bank:
        return step.bank
    if step.kind == "dispute_opened":
        return step.stripe - step.amount
    leaves = step.buyer > 0 or step.at_organizer < 0 or (not step.at_organizer and step.withheld > 0)
    return -step.amount if leaves else step.amount


def _effects(step: Step) -> Iterator[str]:
    """Who gains and who gives, as far as the line's own words don't say it."""
    parties = (
        (_("You"), step.organizer if not step.bank else 0),
        (settings.PLATFORM_NAME, step.platform if not step.stripe else 0),
        (_("Your Stripe balance"), step.at_organizer if not step.bank else 0),
    )
    for who, amount in parties:
        if amount:
            sign = "+" if amount > 0 else ""
            yield f"{who} {sign}{format_amount(amount, step.currency)}"
