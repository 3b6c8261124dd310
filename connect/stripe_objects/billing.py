"""Subscriptions to the platform: prices, sessions, subscriptions, invoices. Amounts are minor units of `currency`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from connect.stripe_objects.base import Data, id_of, moment


def moment_or_none(timestamp: int | None) -> datetime | None:
    """A time of Stripe's that may not have come."""
    return moment(timestamp) if timestamp else None


@dataclass(frozen=True, kw_only=True)
class Price:
    """A recurring price, and the name of what it is the price of where that was expanded."""

    id: str
    lookup_key: str
    amount: int | None
    currency: str
    interval: str
    interval_count: int
    active: bool
    product_id: str
    product_name: str

    @classmethod
    def parse(cls, data: Data) -> Self:
        product, recurring = data.get("product"), data.get("recurring") or {}
        return cls(
            id=data["id"],
            lookup_key=data.get("lookup_key") or "",
            amount=data.get("unit_amount"),
            currency=data["currency"],
            interval=recurring.get("interval") or "",
            interval_count=recurring.get("interval_count") or 1,
            active=bool(data.get("active")),
            product_id=id_of(product) or "",
            product_name=(product.get("name") or "") if isinstance(product, dict) else "",
        )


@dataclass(frozen=True, kw_only=True)
class SubscriptionSession:
    """A Checkout Session; `subscription_id` is None until it is complete, or if it sells something else."""

    id: str
    url: str
    mode: str
    status: str
    payment_status: str
    expires_at: datetime
    client_reference_id: str
    customer_id: str | None
    subscription_id: str | None
    request: str

    @classmethod
    def parse(cls, data: Data) -> Self:
        return cls(
            id=data["id"],
            url=data.get("url") or "",
            mode=data["mode"],
            status=data["status"],
            payment_status=data["payment_status"],
            expires_at=moment(data["expires_at"]),
            client_reference_id=data.get("client_reference_id") or "",
            customer_id=id_of(data.get("customer")),
            subscription_id=id_of(data.get("subscription")),
            request=(data.get("metadata") or {}).get("request", ""),
        )


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A subscription of one price. Its period is its item's (since API 2025-03-31); `raw` is for the mirror only.

    `credit` is what its customer has left of earlier payments, where the customer was expanded.
    """

    id: str
    status: str
    customer_id: str
    item_id: str
    price: Price
    period_start: datetime
    period_end: datetime
    cancel_at_period_end: bool
    cancel_at: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    latest_invoice_id: str
    created_at: datetime
    metadata: dict[str, str]
    credit: int = 0
    raw: Data = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, data: Data) -> Self:
        item, customer = data["items"]["data"][0], data["customer"]
        return cls(
            id=data["id"],
            status=data["status"],
            customer_id=id_of(customer) or "",
            item_id=item["id"],
            price=Price.parse(item["price"]),
            period_start=moment(item["current_period_start"]),
            period_end=moment(item["current_period_end"]),
            cancel_at_period_end=bool(data.get("cancel_at_period_end")),
            cancel_at=moment_or_none(data.get("cancel_at")),
            canceled_at=moment_or_none(data.get("canceled_at")),
            ended_at=moment_or_none(data.get("ended_at")),
            latest_invoice_id=id_of(data.get("latest_invoice")) or "",
            created_at=moment(data["created"]),
            metadata=data.get("metadata") or {},
            # Stripe keeps what it owes a customer as a negative balance.
            credit=max(0, -(customer.get("balance") or 0)) if isinstance(customer, dict) else 0,
            raw=data,
        )


@dataclass(frozen=True, kw_only=True)
class InvoiceLine:
    """A line of an invoice; a proration below 0 is time that was paid and isn't used."""

    description: str
    amount: int
    is_proration: bool
    period_end: datetime

    @classmethod
    def parse(cls, data: Data) -> Self:
        parent = data.get("parent") or {}
        details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
        return cls(
            description=data.get("description") or "",
            amount=data["amount"],
            is_proration=bool(details.get("proration")),
            period_end=moment(data["period"]["end"]),
        )


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """An invoice. `paid_amount` is what was paid for it, beyond what credit from earlier (`starting_balance`) settled.

    `payment_intent_ids` are those that paid it, where `payments` was expanded; a preview has no id. `raw` is for the
    mirror only.
    """

    id: str
    status: str
    number: str
    billing_reason: str
    customer_id: str
    subscription_id: str
    currency: str
    total: int
    amount_due: int
    paid_amount: int
    starting_balance: int
    attempt_count: int
    next_attempt_at: datetime | None
    hosted_url: str
    pdf_url: str
    created_at: datetime
    paid_at: datetime | None
    prorated_at: datetime | None
    lines: tuple[InvoiceLine, ...]
    payment_intent_ids: tuple[str, ...]
    raw: Data = field(default_factory=dict, repr=False, compare=False)

    @property
    def credit_left(self) -> int:
        """What is left for invoices to come, once this one is settled."""
        return max(0, -(self.starting_balance + self.total))

    @classmethod
    def parse(cls, data: Data) -> Self:
        parent = (data.get("parent") or {}).get("subscription_details") or {}
        payments = (data.get("payments") or {}).get("data") or ()
        paid = [row["payment"] for row in payments if row["status"] == "paid"]
        return cls(
            id=data.get("id") or "",
            status=data.get("status") or "draft",
            number=data.get("number") or "",
            billing_reason=data.get("billing_reason") or "",
            customer_id=id_of(data.get("customer")) or "",
            subscription_id=id_of(parent.get("subscription")) or "",
            currency=data["currency"],
            total=data["total"],
            amount_due=data["amount_due"],
            paid_amount=data["amount_paid"],
            starting_balance=data.get("starting_balance") or 0,
            attempt_count=data.get("attempt_count") or 0,
            next_attempt_at=moment_or_none(data.get("next_payment_attempt")),
            hosted_url=data.get("hosted_invoice_url") or "",
            pdf_url=data.get("invoice_pdf") or "",
            created_at=moment(data["created"]),
            paid_at=moment_or_none((data.get("status_transitions") or {}).get("paid_at")),
            prorated_at=moment_or_none(parent.get("subscription_proration_date")),
            lines=tuple(InvoiceLine.parse(line) for line in data["lines"]["data"]),
            payment_intent_ids=tuple(
                str(id_of(one["payment_intent"])) for one in paid if one.get("payment_intent")
            ),
            raw=data,
        )
