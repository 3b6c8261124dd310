"""What was paid for Premium: Stripe's invoices, refunds and disputes of them. Amounts are minor units of `currency`."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from maly.codes import make_code
from premium.models.customers import Customer
from premium.models.subscriptions import Subscription


def make_refund_code() -> str:
    return "P-" + make_code(7)


class PremiumInvoice(models.Model):
    """An invoice as Stripe has it. `charged_amount` is what a card was charged for it: that alone is money.

    What a credit paid was charged with an earlier invoice; what was paid outside Stripe never reaches its balance.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open"
        PAID = "paid", "Paid"
        UNCOLLECTIBLE = "uncollectible", "Given up"
        VOID = "void", "Void"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="premium_invoices"
    )
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices")
    subscription = models.ForeignKey(
        Subscription, null=True, blank=True, on_delete=models.PROTECT, related_name="invoices"
    )
    stripe_invoice_id = models.CharField(max_length=64, unique=True)
    stripe_subscription_id = models.CharField(max_length=64, blank=True)
    number = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=15, choices=Status)
    billing_reason = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    total_amount = models.BigIntegerField(help_text="Below 0 where more is credited than charged.")
    due_amount = models.BigIntegerField(help_text="After credit from earlier.")
    paid_amount = models.BigIntegerField(default=0)
    charged_amount = models.PositiveBigIntegerField(default=0)
    refunded_amount = models.PositiveBigIntegerField(default=0)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    hosted_url = models.URLField(max_length=1000, blank=True)
    pdf_url = models.URLField(max_length=1000, blank=True)
    payment_intent_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    charge_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    balance_transaction_id = models.CharField(max_length=64, blank=True)
    stripe_fee_amount = models.PositiveBigIntegerField(null=True, blank=True)
    card_brand = models.CharField(max_length=30, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    issued_at = models.DateTimeField(help_text="When Stripe made it.")
    paid_at = models.DateTimeField(null=True, blank=True)
    charged_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(help_text="When Stripe was last asked about it.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "open", "paid", "uncollectible", "void"]),
                name="premium_invoice_status_known",
            ),
            models.CheckConstraint(
                condition=Q(charged_amount=0) | Q(charge_id__isnull=False, charged_at__isnull=False),
                name="premium_invoice_charged_by",
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount__lte=F("charged_amount")),
                name="premium_invoice_refunded_within_charged",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-issued_at"], name="premium_invoice_of_user"),
            models.Index(
                fields=["charged_at"],
                condition=Q(charged_amount__gt=0, stripe_fee_amount__isnull=True),
                name="premium_invoice_fee_unknown",
            ),
            models.Index(fields=["synced_at"], condition=Q(status="open"), name="premium_invoice_open"),
        ]

    def __str__(self) -> str:
        return self.number or self.stripe_invoice_id

    @property
    def is_failing(self) -> bool:
        """Whether a payment of it was tried and failed, and it is still to be paid."""
        return self.status == self.Status.OPEN and self.attempt_count > 0


class PremiumRefund(models.Model):
    """A refund of an invoice's charge: ours (with a key) of a subscription too many, or one of Stripe's dashboard."""

    class Status(models.TextChoices):
        REQUESTED = "requested", "Requested"
        PENDING = "pending", "On its way"
        SUCCEEDED = "succeeded", "Refunded"
        FAILED = "failed", "Failed"
        REFUSED = "refused", "Refused"

    invoice = models.ForeignKey(PremiumInvoice, on_delete=models.PROTECT, related_name="refunds")
    code = models.CharField(max_length=9, unique=True, default=make_refund_code, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.REQUESTED)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    idempotency_key = models.CharField(
        max_length=80, unique=True, null=True, blank=True, help_text="Empty: not made by us."
    )
    stripe_refund_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    failure_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now)
    refunded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="premium_refund_of_something"),
            models.CheckConstraint(
                condition=Q(status__in=["requested", "pending", "succeeded", "failed", "refused"]),
                name="premium_refund_status_known",
            ),
            # One of ours for an invoice, however often the subscription is found to be one too many.
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(idempotency_key__isnull=False),
                name="premium_refund_of_ours_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(status__in=["requested", "pending"]),
                name="premium_refund_waiting",
            )
        ]

    def __str__(self) -> str:
        return self.code


class PremiumDispute(models.Model):
    """A dispute of an invoice's charge, as far as it has moved money on our balance."""

    invoice = models.ForeignKey(PremiumInvoice, on_delete=models.PROTECT, related_name="disputes")
    stripe_dispute_id = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=30)
    reason = models.CharField(max_length=60)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    withdrawn_amount = models.PositiveBigIntegerField(default=0)
    reinstated_amount = models.PositiveBigIntegerField(default=0)
    fee_amount = models.PositiveBigIntegerField(default=0)
    fee_returned_amount = models.PositiveBigIntegerField(default=0)
    due_by = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.stripe_dispute_id
