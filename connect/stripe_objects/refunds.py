"""Money that goes back. Amounts are minor units of `currency`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from connect.stripe_objects.base import Data, id_of, moment


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A part of an application fee that was given back, or of a transfer that was taken back."""

    id: str
    amount: int
    created_at: datetime
    request: str = ""

    @classmethod
    def parse(cls, data: Data) -> Self:
        return cls(
            id=data["id"],
            amount=data["amount"],
            created_at=moment(data["created"]),
            request=(data.get("metadata") or {}).get("request", ""),
        )


@dataclass(frozen=True, kw_only=True)
class Refund:
    """A refund: pending, requires_action, succeeded, failed or canceled.

    `reversal` and `fee_refunds` (all of the charge's fee, newest first) are known where they were expanded; `code` is
    the refund of ours that asked for it; `raw` is for the mirror only.
    """

    id: str
    status: str
    amount: int
    currency: str
    created_at: datetime
    charge_id: str | None
    payment_intent_id: str | None
    reversal: Moved | None
    fee_refunds: tuple[Moved, ...]
    failure_reason: str
    code: str
    raw: Data = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, data: Data) -> Self:
        charge, reversal = data.get("charge"), data.get("transfer_reversal")
        fee = charge.get("application_fee") if isinstance(charge, dict) else None
        given_back = fee["refunds"]["data"] if isinstance(fee, dict) else ()
        return cls(
            id=data["id"],
            status=data["status"],
            amount=data["amount"],
            currency=data["currency"],
            created_at=moment(data["created"]),
            charge_id=id_of(charge),
            payment_intent_id=id_of(data.get("payment_intent")),
            reversal=Moved.parse(reversal) if isinstance(reversal, dict) else None,
            fee_refunds=tuple(Moved.parse(row) for row in given_back),
            failure_reason=data.get("failure_reason") or "",
            code=(data.get("metadata") or {}).get("refund", ""),
            raw=data,
        )
