"""Connected accounts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from connect.stripe_objects.base import Data, moment

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
class Bank:
    """Where payouts go, as far as people may see it; not usable any more once a payout there has failed."""

    name: str = ""
    last4: str = ""
    is_usable: bool = True

    @classmethod
    def parse(cls, data: Data) -> Self:
        name = data.get("bank_name") or data.get("brand") or ""  # a debit card has no bank's name
        return cls(name=name, last4=data.get("last4") or "", is_usable=data.get("status") != "errored")


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
    banks: tuple[Bank, ...] = ()
    creation_key: str = ""
    raw: Data = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, data: Data) -> Self:
        capabilities, due = data.get("capabilities") or {}, data.get("requirements") or {}
        payouts = (data.get("settings") or {}).get("payouts") or {}
        banks = (data.get("external_accounts") or {}).get("data") or ()
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
            # The default one first: there may be another for each currency.
            banks=tuple(
                Bank.parse(bank)
                for bank in sorted(banks, key=lambda bank: not bank.get("default_for_currency"))
            ),
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
