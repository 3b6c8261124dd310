"""Stripe's objects as Maly knows them: what the gateway answers. Amounts are minor units of `currency`."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from connect.models import mask_account_id

Data = dict[str, Any]

# What is kept of an account's `requirements`; the rest is Stripe's own business.
REQUIREMENT_FIELDS = (
    "currently_due",
    "eventually_due",
    "past_due",
    "pending_verification",
    "errors",
    "disabled_reason",
    "current_deadline",
)


@dataclass(frozen=True, kw_only=True)
class PayoutSchedule:
    """When Stripe pays an account out: daily, weekly on a weekday, monthly on a day, or when asked (manual)."""

    interval: str
    weekly_anchor: str | None = None
    monthly_anchor: int | None = None

    @classmethod
    def parse(cls, data: Data) -> Self:
        # Accounts set elsewhere may have lists of days in place of the anchors.
        weekly = [data.get("weekly_anchor"), *(data.get("weekly_payout_days") or [])]
        monthly = [data.get("monthly_anchor"), *(data.get("monthly_payout_days") or [])]
        interval = data.get("interval") or "daily"
        return cls(
            interval=interval,
            weekly_anchor=next(filter(None, weekly), None) if interval == "weekly" else None,
            monthly_anchor=next(filter(None, monthly), None) if interval == "monthly" else None,
        )

    def as_parameters(self) -> Data:
        """What the update says; Stripe refuses an anchor without its interval."""
        anchors = {"weekly_anchor": self.weekly_anchor, "monthly_anchor": self.monthly_anchor}
        return {"interval": self.interval, **{name: value for name, value in anchors.items() if value}}


@dataclass(frozen=True, kw_only=True)
class Account:
    """A connected account; `raw` is Stripe's own object, for the mirror only."""

    id: str
    country: str
    charges_enabled: bool
    payouts_enabled: bool
    details_submitted: bool
    card_payments_status: str
    transfers_status: str
    requirements: Data
    payout_schedule: PayoutSchedule
    creation_key: str = ""
    raw: Data = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, data: Data) -> Self:
        capabilities, due = data.get("capabilities") or {}, data.get("requirements") or {}
        payouts = (data.get("settings") or {}).get("payouts") or {}
        return cls(
            id=data["id"],
            country=data.get("country") or "",
            charges_enabled=bool(data.get("charges_enabled")),
            payouts_enabled=bool(data.get("payouts_enabled")),
            details_submitted=bool(data.get("details_submitted")),
            card_payments_status=capabilities.get("card_payments") or "unrequested",
            transfers_status=capabilities.get("transfers") or "unrequested",
            requirements={name: due.get(name) for name in REQUIREMENT_FIELDS},
            payout_schedule=PayoutSchedule.parse(payouts.get("schedule") or {}),
            creation_key=(data.get("metadata") or {}).get("creation_key", ""),
            raw=data,
        )


@dataclass(frozen=True, kw_only=True)
class AccountLink:
    """A single-use address of Stripe's onboarding; never stored, logged or mailed."""

    url: str = field(repr=False)
    expires_at: datetime

    @classmethod
    def parse(cls, data: Data) -> Self:
        return cls(url=data["url"], expires_at=moment(data["expires_at"]))


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A charge; transfer, application fee and Stripe's fee are None until Stripe has made them."""

    id: str
    payment_intent_id: str | None
    amount: int
    currency: str
    status: str
    transfer_id: str | None
    application_fee_id: str | None
    balance_transaction_id: str | None
    stripe_fee_amount: int | None
    card_brand: str
    card_last4: str
    refunded_amount: int
    created_at: datetime

    @classmethod
    def parse(cls, data: Data) -> Self:
        card = (data.get("payment_method_details") or {}).get("card") or {}
        booked = data.get("balance_transaction")
        return cls(
            id=data["id"],
            payment_intent_id=id_of(data.get("payment_intent")),
            amount=data["amount"],
            currency=data["currency"],
            status=data["status"],
            transfer_id=id_of(data.get("transfer")),
            application_fee_id=id_of(data.get("application_fee")),
            balance_transaction_id=id_of(booked),
            stripe_fee_amount=booked["fee"] if isinstance(booked, dict) else None,
            card_brand=card.get("brand") or "",
            card_last4=card.get("last4") or "",
            refunded_amount=data.get("amount_refunded") or 0,
            created_at=moment(data["created"]),
        )


@dataclass(frozen=True, kw_only=True)
class PaymentIntent:
    """A payment intent and its newest charge, where that was expanded."""

    id: str
    amount: int
    currency: str
    status: str
    application_fee_amount: int | None
    destination: str | None
    customer_id: str | None
    charge: Charge | None

    @classmethod
    def parse(cls, data: Data) -> Self:
        charge = data.get("latest_charge")
        return cls(
            id=data["id"],
            amount=data["amount"],
            currency=data["currency"],
            status=data["status"],
            application_fee_amount=data.get("application_fee_amount"),
            destination=id_of((data.get("transfer_data") or {}).get("destination")),
            customer_id=id_of(data.get("customer")),
            charge=Charge.parse(charge) if isinstance(charge, dict) else None,
        )


@dataclass(frozen=True, kw_only=True)
class Session:
    """A Checkout Session; its payment intent is None until the buyer has begun to pay."""

    id: str
    url: str | None
    status: str
    payment_status: str
    amount_total: int | None
    currency: str | None
    expires_at: datetime
    client_reference_id: str | None
    metadata: dict[str, str]
    payment_intent_id: str | None
    payment_intent: PaymentIntent | None

    @classmethod
    def parse(cls, data: Data) -> Self:
        intent = data.get("payment_intent")
        return cls(
            id=data["id"],
            url=data.get("url"),
            status=data["status"],
            payment_status=data["payment_status"],
            amount_total=data.get("amount_total"),
            currency=data.get("currency"),
            expires_at=moment(data["expires_at"]),
            client_reference_id=data.get("client_reference_id"),
            metadata=data.get("metadata") or {},
            payment_intent_id=id_of(intent),
            payment_intent=PaymentIntent.parse(intent) if isinstance(intent, dict) else None,
        )


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
    the refund of ours that asked for it.
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
        )


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
    """A movement of an account's balance: `net` is `amount` less `fee`.

    Where its source was expanded: `transfer_id` is the transfer that made a destination payment, `payment_id` the
    payment that a refund gives back, `reversal_id` the reversal that made the refund.
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
        )


@dataclass(frozen=True, kw_only=True)
class Payout:
    """A payout to a bank: pending, in_transit, paid, failed or canceled; paid may still become failed.

    `failed_at` is known where the movement that brought the money back was expanded; `raw` is for the mirror only.
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
    raw: Data = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, data: Data) -> Self:
        returned = data.get("failure_balance_transaction")
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
            raw=data,
        )


def id_of(reference: object) -> str | None:
    """The id of a reference, which is the object itself where it was expanded."""
    if isinstance(reference, dict):
        return str(reference["id"])
    return str(reference) if reference else None


def hide_ids(text: str) -> str:
    """Words of Stripe's without keys and full account ids, which nobody may see."""
    text = re.sub(r"acct_\w+", lambda match: mask_account_id(match[0]), text)
    return re.sub(r"\b(sk|rk|pk|whsec)_\w+", r"\1_…", text)


def moment(timestamp: int) -> datetime:
    """A time of Stripe's, in whole seconds."""
    return datetime.fromtimestamp(timestamp, UTC)
