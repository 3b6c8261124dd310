"""Who pays: a person's customer at Stripe, and the Checkout Sessions in which they subscribe."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from premium.plans import PlanCode


class Customer(models.Model):
    """A person as Stripe's customer. Its row is the lock under which everything of a person's Premium is written."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="premium_customer"
    )
    stripe_customer_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    idempotency_key = models.CharField(max_length=80, unique=True, help_text="Of the creating call.")
    parameters = models.JSONField(default=dict, help_text="What the creating call says, every time.")
    requested_at = models.DateTimeField(default=now, help_text="When the key was made.")
    failure = models.CharField(
        max_length=200, blank=True, help_text="Why Stripe refused; asked again when the person comes back."
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(
                fields=["requested_at"],
                condition=Q(stripe_customer_id__isnull=True, failure=""),
                name="premium_customer_waiting",
            )
        ]

    def __str__(self) -> str:
        return self.stripe_customer_id or "being created"


class SubscriptionCheckout(models.Model):
    """One Checkout Session in which somebody subscribes: the intent row of the call, and what became of it."""

    class Status(models.TextChoices):
        REQUESTED = "requested", "Requested"
        OPEN = "open", "Open"
        COMPLETE = "complete", "Paid"
        EXPIRED = "expired", "Expired"
        FAILED = "failed", "Failed"

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="checkouts")
    plan = models.CharField(max_length=10, choices=PlanCode)
    status = models.CharField(max_length=10, choices=Status, default=Status.REQUESTED)
    idempotency_key = models.CharField(max_length=80, unique=True)
    parameters = models.JSONField(help_text="What the call says, every time.")
    session_id = models.CharField(max_length=120, unique=True, null=True, blank=True)
    url = models.URLField(max_length=1000, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the sweep last looked at the open session."
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["requested", "open", "complete", "expired", "failed"]),
                name="subscription_checkout_status_known",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(status__in=["requested", "open"]),
                name="subscription_checkout_under_way_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(status__in=["requested", "open"]),
                name="subscription_checkout_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan} for {self.customer}"
