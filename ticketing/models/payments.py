"""Payments: each attempt to be paid for an order. Amounts are minor units of `currency`."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from ticketing.models.sales import Order


class Payment(models.Model):
    """One attempt to be paid for an order through one Checkout Session; a new attempt is a new row."""

    class Status(models.TextChoices):
        REQUESTED = "requested", "Requested"
        OPEN = "open", "Open"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"
        REVIEW = "review", "Needs staff"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.REQUESTED)
    idempotency_key = models.CharField(max_length=80, unique=True)
    parameters = models.JSONField(
        help_text="Every parameter of the call, so that it can be repeated exactly."
    )
    destination = models.CharField(max_length=64, help_text="The connected account, frozen.")
    currency = models.CharField(max_length=3)
    amount = models.PositiveBigIntegerField()
    application_fee_amount = models.PositiveBigIntegerField()
    expires_at = models.DateTimeField()
    session_id = models.CharField(max_length=120, unique=True, null=True, blank=True)
    session_url = models.TextField(blank=True)
    payment_intent_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    charge_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    transfer_id = models.CharField(max_length=64, blank=True)
    application_fee_id = models.CharField(max_length=64, blank=True)
    balance_transaction_id = models.CharField(max_length=64, blank=True)
    customer_id = models.CharField(max_length=64, blank=True)
    stripe_fee_amount = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Stripe's fee, once known."
    )
    card_brand = models.CharField(max_length=20, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)
    review_reason = models.TextField(blank=True)
    received = models.JSONField(
        null=True,
        blank=True,
        help_text="Money that came and isn't what was asked for, by Stripe's objects: "
        "{amount, currency, application_fee_amount, organization}, the last whose account it went to.",
    )
    lease_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Until when one caller has Stripe's answer to itself; then another may ask.",
    )
    created_at = models.DateTimeField(default=now)
    succeeded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["requested", "open", "succeeded", "failed", "expired", "review"]),
                name="payment_status_known",
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(status__in=["requested", "open"]), name="payment_under_way_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(status__in=["requested", "open"]), name="payment_under_way"
            ),
            models.Index(
                fields=["succeeded_at"],
                condition=Q(status="succeeded", stripe_fee_amount__isnull=True),
                name="payment_money_unknown",
            ),
            models.Index(fields=["transfer_id"], condition=~Q(transfer_id=""), name="payment_of_transfer"),
            models.Index(fields=["id"], condition=Q(status="review"), name="payment_in_review"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.status}"

    @property
    def charged_amount(self) -> int:
        """What the buyer was charged, by Stripe's own objects too."""
        return int(self.received["amount"]) if self.received else self.amount

    @property
    def charged_fee_amount(self) -> int:
        """The application fee by Stripe's own objects: of money that isn't what was asked for, what came."""
        return int(self.received["application_fee_amount"]) if self.received else self.application_fee_amount
