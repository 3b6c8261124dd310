"""Disputes: what a buyer's bank takes back, and gives back when it is won. Amounts are minor units of `currency`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from connect.stripe_objects.base import Data, id_of, moment


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """A dispute as it is now; `raw` is Stripe's own object, for the mirror only.

    What it has moved on the platform's balance, read from its balance transactions: `withdrawn_amount` taken,
    `reinstated_amount` given back, `fee_amount` Stripe's fee and `fee_returned_amount` what of that came back. An
    inquiry (warning_…) has moved nothing. `due_by` is absent where there is nothing to answer.
    """

    id: str
    status: str
    reason: str
    amount: int
    currency: str
    charge_id: str
    payment_intent_id: str | None
    withdrawn_amount: int
    reinstated_amount: int
    fee_amount: int
    fee_returned_amount: int
    due_by: datetime | None
    is_past_due: bool
    submission_count: int
    created_at: datetime
    withdrawn_at: datetime | None
    reinstated_at: datetime | None
    raw: Data = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, data: Data) -> Self:
        lines = data.get("balance_transactions") or []
        taken = [line for line in lines if line["amount"] < 0]
        given = [line for line in lines if line["amount"] > 0]
        details = data.get("evidence_details") or {}
        due_by = details.get("due_by")
        return cls(
            id=data["id"],
            status=data["status"],
            reason=data.get("reason") or "general",
            amount=data["amount"],
            currency=data["currency"],
            charge_id=id_of(data["charge"]) or "",
            payment_intent_id=id_of(data.get("payment_intent")),
            withdrawn_amount=-sum(line["amount"] for line in taken),
            reinstated_amount=sum(line["amount"] for line in given),
            fee_amount=sum(line["fee"] for line in taken),
            fee_returned_amount=-sum(line["fee"] for line in given),
            due_by=moment(due_by) if due_by else None,
            is_past_due=bool(details.get("past_due")),
            submission_count=details.get("submission_count") or 0,
            created_at=moment(data["created"]),
            withdrawn_at=moment(min(line["created"] for line in taken)) if taken else None,
            reinstated_at=moment(max(line["created"] for line in given)) if given else None,
            raw=data,
        )
