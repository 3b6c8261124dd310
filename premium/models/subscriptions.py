"""Subscriptions as Stripe has them, and changes of plan. Amounts are minor units of `currency`."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from maly.codes import make_key
from premium.models.customers import Customer
from premium.plans import PLANS, Plan, PlanCode


class Subscription(models.Model):
    """A subscription at Stripe; written by `premium.services.subscriptions` alone, from what was fetched.

    `is_extra` is one that was paid while another was alive (two tabs): it gives nothing, is cancelled and refunded.
    """

    class Status(models.TextChoices):
        INCOMPLETE = "incomplete", "Not paid yet"
        INCOMPLETE_EXPIRED = "incomplete_expired", "Never paid"
        TRIALING = "trialing", "Trial"
        ACTIVE = "active", "Active"
        PAST_DUE = "past_due", "Payment failed"
        UNPAID = "unpaid", "Unpaid"
        PAUSED = "paused", "Paused"
        CANCELED = "canceled", "Ended"

    ENDED = (Status.CANCELED, Status.INCOMPLETE_EXPIRED)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="premium_subscriptions"
    )
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subscriptions")
    stripe_subscription_id = models.CharField(max_length=64, unique=True)
    stripe_customer_id = models.CharField(max_length=64)
    status = models.CharField(max_length=20, choices=Status)
    subscription_type = models.CharField(max_length=10, choices=PlanCode, default=PlanCode.MONTHLY)
    item_id = models.CharField(max_length=64, help_text="The subscription item, which has the price.")
    price_id = models.CharField(max_length=64)
    amount = models.PositiveBigIntegerField(help_text="The price of one period.")
    currency = models.CharField(max_length=3)
    credit_amount = models.PositiveBigIntegerField(
        default=0, help_text="What is left of earlier payments; it pays the next ones first."
    )
    current_period_start = models.DateTimeField()
    current_period_end = models.DateTimeField()
    cancel_at_period_end = models.BooleanField(default=False)
    canceled_at = models.DateTimeField(null=True, blank=True, help_text="When it was asked to end.")
    ended_at = models.DateTimeField(null=True, blank=True)
    latest_invoice_id = models.CharField(max_length=64, blank=True)
    grace_until = models.DateTimeField(
        null=True, blank=True, help_text="How long Premium lasts while a payment fails."
    )
    is_extra = models.BooleanField(default=False, help_text="Paid while another one was alive.")
    started_at = models.DateTimeField(help_text="When Stripe made it.")
    synced_at = models.DateTimeField(help_text="When Stripe was last asked about it.")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(is_extra=False) & ~Q(status__in=["canceled", "incomplete_expired"]),
                name="subscription_alive_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "incomplete",
                        "incomplete_expired",
                        "trialing",
                        "active",
                        "past_due",
                        "unpaid",
                        "paused",
                        "canceled",
                    ]
                ),
                name="subscription_status_known",
            ),
            models.CheckConstraint(
                condition=Q(subscription_type__in=["monthly", "yearly"]), name="subscription_type_known"
            ),
            models.CheckConstraint(
                condition=Q(current_period_end__gt=F("current_period_start")),
                name="subscription_period_runs_forward",
            ),
        ]
        indexes = [
            models.Index(
                fields=["synced_at"],
                condition=~Q(status__in=["canceled", "incomplete_expired"]),
                name="subscription_alive",
            )
        ]

    def __str__(self) -> str:
        return self.stripe_subscription_id

    @property
    def plan(self) -> Plan:
        return PLANS[self.subscription_type]

    @property
    def is_over(self) -> bool:
        return self.status in self.ENDED

    @property
    def is_failing(self) -> bool:
        """Whether a payment has failed that can still be made."""
        return self.status in (self.Status.PAST_DUE, self.Status.UNPAID)

    @property
    def next_amount(self) -> int:
        """What the next payment will charge, after credit (minor units)."""
        return max(0, self.amount - self.credit_amount)

    @property
    def renews_at(self) -> datetime | None:
        """When the next payment is due; None for one that ends then or has ended."""
        return None if self.is_over or self.cancel_at_period_end else self.current_period_end


class PlanChange(models.Model):
    """A change between monthly and yearly: the offer as it was shown, and the intent row of the call that takes it.

    `amount` is what is charged at once, `credit_amount` what is left for the payments to come.
    """

    class Status(models.TextChoices):
        OFFERED = "offered", "Offered"
        REQUESTED = "requested", "Requested"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="plan_changes")
    token = models.CharField(max_length=32, unique=True, default=make_key, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.OFFERED)
    from_plan = models.CharField(max_length=10, choices=PlanCode)
    to_plan = models.CharField(max_length=10, choices=PlanCode)
    price_id = models.CharField(max_length=64)
    prorated_at = models.DateTimeField(help_text="The moment for which Stripe works out what is left.")
    amount = models.PositiveBigIntegerField()
    credit_amount = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    lines = models.JSONField(default=list, help_text="What the amount is made of: words and amounts.")
    renews_at = models.DateTimeField(null=True, blank=True, help_text="When the next payment would be due.")
    idempotency_key = models.CharField(max_length=80, unique=True)
    failure = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now)
    requested_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["offered", "requested", "done", "refused"]),
                name="plan_change_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="requested") | Q(requested_at__isnull=False),
                name="plan_change_requested_when",
            ),
            models.UniqueConstraint(
                fields=["subscription"], condition=Q(status="requested"), name="plan_change_under_way_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscription}: {self.from_plan} to {self.to_plan}"
