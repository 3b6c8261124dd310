"""Being paid: Checkout Sessions, payment intents, charges. Amounts are minor units of `currency`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from connect.stripe_objects.base import Data, id_of, moment


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
