"""A person's billing: how Premium stands, what comes next, what was paid."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from accounts.models import User
from accounts.premium import Benefit, premium_until
from premium.access import find_subscription
from premium.models import PremiumInvoice, Subscription
from premium.plans import PLANS, Plan, PlanCode
from premium.wording import (
    AFTERWARDS,
    INVOICE_FAILED,
    INVOICE_PARTLY_REFUNDED,
    INVOICE_REFUNDED,
    INVOICE_WORDS,
    Standing,
    Words,
    card_in_words,
    plan_in_words,
    standing_of,
)

MOST_INVOICES = 60  # five years of months


@dataclass(frozen=True)
class InvoiceRow:
    """One invoice as its list shows it; `amount` is what it asks for, in minor units."""

    invoice: PremiumInvoice

    @property
    def word(self) -> Words:
        if self.invoice.is_failing:
            return INVOICE_FAILED
        if self.invoice.refunded_amount:
            return INVOICE_REFUNDED if self.is_refunded else INVOICE_PARTLY_REFUNDED
        return INVOICE_WORDS[self.invoice.status][0]

    @property
    def tone(self) -> str:
        if self.invoice.is_failing:
            return "danger"
        return "" if self.invoice.refunded_amount else INVOICE_WORDS[self.invoice.status][1]

    @property
    def is_refunded(self) -> bool:
        return self.invoice.refunded_amount >= self.invoice.charged_amount

    @property
    def amount(self) -> int:
        """What was charged, or is still asked for; what a credit paid costs nothing."""
        is_paid = self.invoice.status == PremiumInvoice.Status.PAID
        return self.invoice.charged_amount if is_paid else self.invoice.due_amount

    @property
    def card(self) -> str:
        return card_in_words(self.invoice)


@dataclass(frozen=True)
class BillingPage:
    """The billing settings; `subscription` is the living one, or the one that ended last."""

    subscription: Subscription | None
    lasts_until: datetime | None
    invoices: list[InvoiceRow]

    @property
    def is_subscribed(self) -> bool:
        return self.subscription is not None and not self.subscription.is_over

    @cached_property
    def standing(self) -> Standing | None:
        if self.subscription is None:
            return None
        return standing_of(self.subscription, lasts_until=self.lasts_until)

    @property
    def plan_words(self) -> str:
        return plan_in_words(self.subscription) if self.subscription else ""

    @property
    def other_plan(self) -> Plan | None:
        """What the subscription could be changed to; None while nothing may be changed."""
        found = self.subscription
        if found is None or found.is_over or found.is_failing or found.cancel_at_period_end:
            return None
        is_monthly = found.subscription_type == PlanCode.MONTHLY
        return PLANS[PlanCode.YEARLY if is_monthly else PlanCode.MONTHLY]

    @cached_property
    def failing_invoice(self) -> PremiumInvoice | None:
        """This subscription's invoice whose payment failed; an earlier one's may stay open at Stripe for ever."""
        own = (row.invoice for row in self.invoices if self.subscription and row.invoice.is_failing)
        current = self.subscription.stripe_subscription_id if self.subscription else ""
        return next((invoice for invoice in own if invoice.stripe_subscription_id == current), None)

    @property
    def card(self) -> str:
        """The card that paid last."""
        return next((row.card for row in self.invoices if row.card), "")


def billing_page(user: User) -> BillingPage:
    """A person's billing, the newest invoices first; three queries."""
    invoices = PremiumInvoice.objects.filter(user=user).exclude(status=PremiumInvoice.Status.DRAFT)
    newest = invoices.order_by("-issued_at", "-pk")[:MOST_INVOICES]
    return BillingPage(
        subscription=find_subscription(user),
        lasts_until=premium_until(user),
        invoices=[InvoiceRow(invoice) for invoice in newest],
    )


def losses() -> Iterator[tuple[str, Words]]:
    """What becomes of each benefit when Premium ends."""
    for benefit in Benefit:
        yield str(benefit.label), AFTERWARDS[benefit]
