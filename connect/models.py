"""What Maly knows of Stripe: connected accounts, fee plans and their terms, and the inbox of events."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import Organization


class FeeAbsorption(models.TextChoices):
    """Who bears the fees: the organizer, or the buyer on top of the face price."""

    ABSORB = "absorb", "Organizer pays the fees"
    PASS_TO_BUYER = "pass_to_buyer", "Buyer pays the fees"


class PaymentSettings(models.Model):
    """An organization's own choices about payments; a missing row means the defaults."""

    organization = models.OneToOneField(
        Organization, on_delete=models.CASCADE, related_name="payment_settings"
    )
    fee_absorption = models.CharField(max_length=15, choices=FeeAbsorption, default=FeeAbsorption.ABSORB)

    class Meta:
        verbose_name_plural = "payment settings"

    def __str__(self) -> str:
        return f"Payment settings of {self.organization}"


class AccountState(models.TextChoices):
    """Derived from what Stripe says (contract, Connect), two-way; never stored."""

    NOT_CONNECTED = "not_connected", "Not connected"
    ONBOARDING = "onboarding", "Not finished"
    UNDER_REVIEW = "under_review", "Under review"
    READY = "ready", "Ready"
    DUE_SOON = "due_soon", "Action needed"
    RESTRICTED = "restricted", "Restricted"
    REJECTED = "rejected", "Rejected"
    DISCONNECTED = "disconnected", "Disconnected"


class ConnectedAccount(models.Model):
    """A Stripe Express account of an organization. Old orders keep theirs when it is replaced."""

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="connected_accounts"
    )
    is_current = models.BooleanField(default=True)
    creation_key = models.CharField(
        max_length=80, unique=True, help_text="Idempotency key of the creating call."
    )
    creation_parameters = models.JSONField(default=dict, help_text="What the creating call says, every time.")
    stripe_account_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    country = models.CharField(max_length=2, default="US")
    charges_enabled = models.BooleanField(default=False)
    payouts_enabled = models.BooleanField(default=False)
    details_submitted = models.BooleanField(default=False)
    card_payments_status = models.CharField(max_length=20, default="unrequested")
    transfers_status = models.CharField(max_length=20, default="unrequested")
    requirements = models.JSONField(default=dict)
    verified_at = models.DateTimeField(null=True, blank=True)
    onboarding_completed_at = models.DateTimeField(null=True, blank=True)
    attached_at = models.DateTimeField(default=timezone.now, help_text="Connected, or connected again.")
    deauthorized_at = models.DateTimeField(null=True, blank=True)
    detached_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(is_current=True),
                name="connected_account_current_once",
            )
        ]

    def __str__(self) -> str:
        return self.masked_id or "being created"

    @property
    def masked_id(self) -> str | None:
        """The account id as any client may see it: `acct_` + first 4 + … + last 4."""
        return mask_account_id(self.stripe_account_id) if self.stripe_account_id else None

    @property
    def is_verified(self) -> bool:
        """Ready for a destination charge and to be paid out; goes back to False when Stripe says so."""
        return (
            self.details_submitted
            and self.charges_enabled
            and self.payouts_enabled
            and self.transfers_status == "active"
        )

    @property
    def state(self) -> AccountState:
        """The contract's state, derived in its order."""
        due = self.requirements or {}
        disabled_reason = due.get("disabled_reason") or ""
        if self.stripe_account_id is None:
            return AccountState.NOT_CONNECTED
        if self.detached_at or self.deauthorized_at:
            return AccountState.DISCONNECTED
        if disabled_reason.startswith("rejected."):
            return AccountState.REJECTED
        if not self.details_submitted:
            return AccountState.ONBOARDING
        if self.is_verified:
            is_due = due.get("currently_due") or due.get("past_due")
            return AccountState.DUE_SOON if is_due else AccountState.READY
        if disabled_reason in ("under_review", "requirements.pending_verification") or (
            due.get("pending_verification") and not due.get("currently_due") and not due.get("past_due")
        ):
            return AccountState.UNDER_REVIEW
        return AccountState.RESTRICTED

    @property
    def can_sell(self) -> bool:
        return self.state in (AccountState.READY, AccountState.DUE_SOON)


def mask_account_id(account_id: str) -> str:
    """`acct_1PabcdefghijX7Qz` → `acct_1Pab…X7Qz`; ids too short to mask are hidden whole."""
    bare = account_id.removeprefix("acct_")
    return f"acct_{bare[:4]}…{bare[-4:]}" if len(bare) > 8 else "acct_…"


class FeePlan(models.Model):
    """A named set of fee terms (money.md §2): `host` and `organization` ship, staff may add more."""

    code = models.SlugField(unique=True, max_length=40)
    name = models.CharField(max_length=80)
    is_default_for = models.CharField(
        max_length=10,
        choices=Organization.Kind,
        blank=True,
        help_text="The kind of organization that starts on it.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_default_for"],
                condition=~models.Q(is_default_for=""),
                name="fee_plan_default_once",
            )
        ]

    def __str__(self) -> str:
        return self.name


class FeeTerms(models.Model):
    """The terms of a plan in one currency from a moment on. A change is a new row; rows are never edited."""

    class Rounding(models.TextChoices):
        PER_TICKET = "per_ticket", "Each ticket"
        PER_ORDER = "per_order", "The whole order"

    class ProcessingPaidBy(models.TextChoices):
        PLATFORM = "platform", "The platform's fee"
        SALE = "sale", "The sale"

    plan = models.ForeignKey(FeePlan, on_delete=models.PROTECT, related_name="terms")
    currency = models.CharField(max_length=3)
    percent = models.DecimalField(
        max_digits=6, decimal_places=3, help_text="Of a paid ticket's price, such as 4."
    )
    fixed_amount = models.PositiveIntegerField(help_text="For each paid ticket, in minor units.")
    rounding = models.CharField(max_length=10, choices=Rounding)
    processing_paid_by = models.CharField(max_length=10, choices=ProcessingPaidBy)
    processing_percent = models.DecimalField(max_digits=6, decimal_places=3, default=Decimal("2.9"))
    processing_fixed_amount = models.PositiveIntegerField(default=30)
    refunds_platform_fee = models.BooleanField()
    effective_from = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "fee terms"
        ordering = ["-effective_from", "-id"]
        indexes = [models.Index(fields=["plan", "currency", "-effective_from"], name="fee_terms_in_force")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent__gte=0, percent__lte=100), name="fee_terms_percent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.currency}: {self.percent} % + {self.fixed_amount}"


class FeeOverride(models.Model):
    """Staff's own rate for one organization from a moment on; a null percent returns it to its plan."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="fee_overrides")
    currency = models.CharField(max_length=3, default="usd")
    percent = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    fixed_amount = models.PositiveIntegerField(null=True, blank=True)
    effective_from = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    reason = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-effective_from", "-id"]
        indexes = [
            models.Index(fields=["organization", "currency", "-effective_from"], name="fee_override_in_force")
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True, fixed_amount__isnull=True)
                | models.Q(percent__gte=0, percent__lte=100, fixed_amount__isnull=False),
                name="fee_override_percent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization}: " + (
            "plan" if self.percent is None else f"{self.percent} % + {self.fixed_amount}"
        )


class PlanAssignment(models.Model):
    """The plan of an organization from a moment on; without one its kind's default plan counts."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="plan_assignments")
    plan = models.ForeignKey(FeePlan, on_delete=models.PROTECT)
    effective_from = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    reason = models.TextField()

    class Meta:
        ordering = ["-effective_from", "-id"]

    def __str__(self) -> str:
        return f"{self.organization} on {self.plan}"


class StripeEvent(models.Model):
    """An event as Stripe delivered it, and what became of it. Unique by endpoint and id."""

    class Endpoint(models.TextChoices):
        PLATFORM = "platform", "Platform"
        CONNECT = "connect", "Connected accounts"

    class Status(models.TextChoices):
        RECEIVED = "received", "Received"
        PROCESSED = "processed", "Processed"
        IGNORED = "ignored", "Ignored"
        DEAD = "dead", "Dead letter"

    endpoint = models.CharField(max_length=8, choices=Endpoint)
    event_id = models.CharField(max_length=80)
    type = models.CharField(max_length=80)
    account = models.CharField(max_length=64, blank=True, help_text="The connected account it is about.")
    object_id = models.CharField(max_length=120, blank=True)
    livemode = models.BooleanField()
    api_version = models.CharField(max_length=40, blank=True)
    stripe_created_at = models.DateTimeField()
    payload = models.JSONField()
    status = models.CharField(max_length=10, choices=Status, default=Status.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    processed_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(
        null=True, blank=True, help_text="When staff said that this dead letter needs nothing more."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event_id"], name="stripe_event_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=["received", "processed", "ignored", "dead"]),
                name="stripe_event_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(status="received"), name="stripe_event_due"),
            models.Index(fields=["object_id"], name="stripe_event_object"),
            models.Index(
                fields=["id"],
                condition=models.Q(status="dead", acknowledged_at__isnull=True),
                name="stripe_event_dead",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class EventCursor(models.Model):
    """Up to when Stripe's own list of an account's events has been compared with the inbox."""

    account_id = models.CharField(
        max_length=64, unique=True, blank=True, help_text="Stripe's account; empty: the platform."
    )
    complete_at = models.DateTimeField(
        null=True, blank=True, help_text="What happened before is in the inbox."
    )
    found = models.PositiveIntegerField(
        default=0, help_text="How many events no webhook had brought, in all."
    )
    found_at = models.DateTimeField(null=True, blank=True, help_text="When such an event was last found.")
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["complete_at"], name="event_cursor_oldest")]

    def __str__(self) -> str:
        return mask_account_id(self.account_id) if self.account_id else "platform"
