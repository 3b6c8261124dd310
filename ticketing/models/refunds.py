"""Money on its way back: refunds, the transfers and fees that go back with them, and what organizers owe for it.

Each row that asks something of Stripe is committed with its idempotency key before the call. Amounts are minor units.
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from accounts.models import Organization
from maly.codes import make_code
from ticketing.models.payments import Payment
from ticketing.models.sales import Order, Ticket

if TYPE_CHECKING:
    from ticketing.models.disputes import Dispute


def make_refund_code() -> str:
    return "R-" + make_code(7)


class Refund(models.Model):
    """One refund of a payment. `covered` = organizer part + fee part is what it settles of what the buyer paid."""

    class Status(models.TextChoices):
        REQUESTED = "requested", "Requested"
        PENDING = "pending", "On its way"
        SUCCEEDED = "succeeded", "Refunded"
        FAILED = "failed", "Failed"
        REFUSED = "refused", "Refused"
        OTHERWISE = "otherwise", "Failed, paid another way"

    class Origin(models.TextChoices):
        ORGANIZER = "organizer", "Organizer"
        STAFF = "staff", "Staff"
        LATE_PAYMENT = "late_payment", "Late payment"
        EVENT_CANCELLED = "event_cancelled", "Event cancelled"
        STRIPE = "stripe", "Stripe's dashboard"

    code = models.CharField(max_length=9, unique=True, default=make_refund_code, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    origin = models.CharField(max_length=15, choices=Origin)
    status = models.CharField(max_length=10, choices=Status, default=Status.REQUESTED)
    idempotency_key = models.CharField(
        max_length=80, unique=True, null=True, blank=True, help_text="Empty: not made by us."
    )
    currency = models.CharField(max_length=3)
    amount = models.PositiveBigIntegerField(help_text="What the buyer gets.")
    organizer_part_amount = models.PositiveBigIntegerField(
        help_text="What it settles of the organizer's share."
    )
    fee_part_amount = models.PositiveBigIntegerField(help_text="What it settles of the application fee.")
    fee_amount = models.PositiveBigIntegerField(help_text="What of the application fee is given back.")
    processing_part_amount = models.PositiveBigIntegerField(
        default=0, help_text="What of the fee part is recovered processing."
    )
    reverse_transfer = models.BooleanField(help_text="As it was sent to Stripe.")
    refund_application_fee = models.BooleanField(help_text="As it was sent to Stripe.")
    restock = models.BooleanField(default=True, help_text="Whether the seats are sold again.")
    reason = models.CharField(max_length=500, blank=True)
    note = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="The organizer's own; nobody outside its team reads it.",
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    stripe_refund_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    failure_reason = models.TextField(blank=True)
    needs_staff = models.BooleanField(default=False)
    staff_reason = models.TextField(blank=True)
    request_key = models.CharField(
        max_length=64, blank=True, help_text="Hash of caller and Idempotency-Key, so that a retry finds it."
    )
    lease_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when one caller has Stripe's answer to itself."
    )
    created_at = models.DateTimeField(default=now)
    refunded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=["requested", "pending", "succeeded", "failed", "refused", "otherwise"]
                ),
                name="refund_status_known",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, fee_amount__lte=F("amount"))
                & Q(processing_part_amount__lte=F("fee_part_amount")),
                name="refund_fee_within_amount",
            ),
            models.UniqueConstraint(
                fields=["request_key"], condition=~Q(request_key=""), name="refund_request_once"
            ),
            # One at a time, so that Stripe's proportions are those that were planned.
            models.UniqueConstraint(
                fields=["payment"], condition=Q(status="requested"), name="refund_under_way_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(status__in=["requested", "pending"]), name="refund_waiting"
            ),
            models.Index(fields=["-id"], condition=Q(needs_staff=True), name="refund_needs_staff"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def from_organizer_amount(self) -> int:
        return self.amount - self.fee_amount

    @property
    def from_platform_amount(self) -> int:
        return self.fee_amount


class RefundTicket(models.Model):
    """A ticket that a refund cancels, and how it was before, in case the refund fails."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="voided")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="refunds")
    is_live = models.BooleanField(default=True, help_text="Whether the refund still holds the ticket.")
    former_status = models.CharField(max_length=10)
    former_payment_status = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(is_live=True), name="refund_of_ticket_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.refund_id} {self.ticket_id}"


class Moved(models.TextChoices):
    """How far a fee refund or a transfer reversal is."""

    REQUESTED = "requested", "Requested"
    SUCCEEDED = "succeeded", "Done"
    REFUSED = "refused", "Refused"


class ApplicationFeeRefund(models.Model):
    """Application fee that goes to the organizer with a refund: by Stripe's flag (no key), or asked for exactly."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="fee_refunds")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="fee_refunds")
    status = models.CharField(max_length=10, choices=Moved, default=Moved.REQUESTED)
    idempotency_key = models.CharField(max_length=80, unique=True, null=True, blank=True)
    amount = models.PositiveBigIntegerField()
    stripe_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(status="requested"), name="fee_refund_waiting")]

    def __str__(self) -> str:
        return f"{self.refund_id} {self.amount}"


class OrganizerReceivable(models.Model):
    """What an organizer owes for a refund or lost dispute that its balance couldn't bear; taken as soon as it can."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="receivables")
    refund = models.OneToOneField(
        Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="receivable"
    )
    dispute = models.OneToOneField(
        "ticketing.Dispute", null=True, blank=True, on_delete=models.PROTECT, related_name="receivable"
    )
    currency = models.CharField(max_length=3)
    amount = models.PositiveBigIntegerField()
    settled_amount = models.PositiveBigIntegerField(default=0)
    written_off_amount = models.PositiveBigIntegerField(
        default=0, help_text="Given up by staff, for good: nothing takes it from the organizer any more."
    )
    needs_staff = models.BooleanField(default=False, help_text="Not taken before staff say so.")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=F("settled_amount") + F("written_off_amount")),
                name="receivable_settled_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(refund__isnull=True, dispute__isnull=False)
                | Q(refund__isnull=False, dispute__isnull=True),
                name="receivable_of_one",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization"],
                condition=Q(needs_staff=False, amount__gt=F("settled_amount") + F("written_off_amount")),
                name="receivable_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.open_amount}"

    @property
    def cause(self) -> "Refund | Dispute":
        """What it is owed for; order, payment and reversals are found there."""
        cause = self.refund or self.dispute
        assert cause is not None, self.pk
        return cause

    @property
    def open_amount(self) -> int:
        return self.amount - self.settled_amount - self.written_off_amount


class TransferReversal(models.Model):
    """A transfer taken back: with a refund by Stripe (no key), later to settle a receivable, or for a dispute."""

    refund = models.ForeignKey(
        Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="reversals"
    )
    dispute = models.ForeignKey(
        "ticketing.Dispute", null=True, blank=True, on_delete=models.PROTECT, related_name="reversals"
    )
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="reversals")
    transfer = models.ForeignKey(
        "ticketing.OrganizerTransfer",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reversals",
        help_text="Which of our own transfers is taken back; empty: the charge's.",
    )
    status = models.CharField(max_length=10, choices=Moved, default=Moved.REQUESTED)
    idempotency_key = models.CharField(max_length=80, unique=True, null=True, blank=True)
    amount = models.PositiveBigIntegerField()
    stripe_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(refund__isnull=True, dispute__isnull=False)
                | Q(refund__isnull=False, dispute__isnull=True),
                name="transfer_reversal_of_one",
            )
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(status="requested"), name="transfer_reversal_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.refund_id or self.dispute_id} {self.amount}"
