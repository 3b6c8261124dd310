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
    creation_key: str = ""
    raw: Data = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, data: Data) -> Self:
        capabilities, due = data.get("capabilities") or {}, data.get("requirements") or {}
        return cls(
            id=data["id"],
            country=data.get("country") or "",
            charges_enabled=bool(data.get("charges_enabled")),
            payouts_enabled=bool(data.get("payouts_enabled")),
            details_submitted=bool(data.get("details_submitted")),
            card_payments_status=capabilities.get("card_payments") or "unrequested",
            transfers_status=capabilities.get("transfers") or "unrequested",
            requirements={name: due.get(name) for name in REQUIREMENT_FIELDS},
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
class Refund:
    """A refund: pending, requires_action, succeeded, failed or canceled."""

    id: str
    status: str
    amount: int
    currency: str

    @classmethod
    def parse(cls, data: Data) -> Self:
        return cls(id=data["id"], status=data["status"], amount=data["amount"], currency=data["currency"])


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
