"""Balances, their movements, and payouts from them. Amounts are minor units of `currency`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from connect.stripe_objects.accounts import Bank
from connect.stripe_objects.base import Data, hide_ids, id_of, moment


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What Stripe holds for an account, in minor units by currency; an amount below 0 is owed to Stripe."""

    available: dict[str, int]
    pending: dict[str, int]

    @classmethod
    def parse(cls, data: Data) -> Self:
        available, pending = (
            {row["currency"]: row["amount"] for row in data[name]} for name in ("available", "pending")
        )
        return cls(available=available, pending=pending)


@dataclass(frozen=True, kw_only=True)
class BalanceTransaction:
    """A movement of an account's balance: `net` is `amount` less `fee`, of which `application_fee` is the platform's.

    Where its source was expanded: `transfer_id` is the transfer that made a destination payment, `payment_id` the
    payment that a refund gives back, `reversal_id` the reversal that made the refund, `application_fee_id` the fee of
    the payment, or the one that a fee refund gives back.
    """

    id: str
    type: str
    status: str
    amount: int
    fee: int
    net: int
    currency: str
    source_id: str | None
    transfer_id: str | None
    payment_id: str | None
    reversal_id: str | None
    description: str
    created_at: datetime
    available_at: datetime
    category: str = ""
    application_fee: int = 0
    application_fee_id: str | None = None

    @classmethod
    def parse(cls, data: Data) -> Self:
        found = data.get("source")
        source = found if isinstance(found, dict) else {}
        return cls(
            id=data["id"],
            type=data["type"],
            status=data["status"],
            amount=data["amount"],
            fee=data["fee"],
            net=data["net"],
            currency=data["currency"],
            source_id=id_of(found),
            transfer_id=id_of(source.get("source_transfer")),
            payment_id=id_of(source.get("charge")),
            reversal_id=id_of(source.get("source_transfer_reversal")),
            description=data.get("description") or "",
            created_at=moment(data["created"]),
            available_at=moment(data["available_on"]),
            category=data.get("reporting_category") or "",
            application_fee=sum(
                line["amount"] for line in data.get("fee_details") or () if line["type"] == "application_fee"
            ),
            application_fee_id=id_of(source.get("application_fee") or source.get("fee")),
        )


@dataclass(frozen=True, kw_only=True)
class Payout:
    """A payout to a bank: pending, in_transit, paid, failed or canceled; paid may still become failed.

    `failed_at` is known where the movement that brought the money back was expanded, `bank` where the destination was;
    `raw` is for the mirror only.
    """

    id: str
    status: str
    amount: int
    currency: str
    arrives_at: datetime
    created_at: datetime
    automatic: bool
    method: str
    failure_code: str
    failure_message: str
    failure_transaction_id: str | None
    failed_at: datetime | None
    is_itemised: bool
    request: str
    bank: Bank | None = None
    raw: Data = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, data: Data) -> Self:
        returned, destination = data.get("failure_balance_transaction"), data.get("destination")
        return cls(
            id=data["id"],
            status=data["status"],
            amount=data["amount"],
            currency=data["currency"],
            arrives_at=moment(data["arrival_date"]),
            created_at=moment(data["created"]),
            automatic=bool(data["automatic"]),
            method=data.get("method") or "",
            failure_code=data.get("failure_code") or "",
            failure_message=hide_ids(data.get("failure_message") or ""),
            failure_transaction_id=id_of(returned),
            failed_at=moment(returned["created"]) if isinstance(returned, dict) else None,
            is_itemised=data.get("reconciliation_status") == "completed",
            request=(data.get("metadata") or {}).get("request", ""),
            bank=Bank.parse(destination) if isinstance(destination, dict) else None,
            # The mirror knows no banks.
            raw={**data, "destination": id_of(destination)},
        )
