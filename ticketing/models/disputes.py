"""Disputes: what a buyer's bank has asked back. Amounts are minor units of `currency`."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from accounts.models import Organization
from ticketing.models.payments import Payment
from ticketing.models.sales import Order


class Dispute(models.Model):
    """One dispute of one charge, as Stripe has it, and what of it was taken from the organizer.

    A warning is an inquiry: the bank asks and takes nothing. The answer is given once: evidence, or that we accept.
    """

    class Status(models.TextChoices):
        WARNING_NEEDS_RESPONSE = "warning_needs_response", "Inquiry: reply needed"
        WARNING_UNDER_REVIEW = "warning_under_review", "Inquiry: under review"
        WARNING_CLOSED = "warning_closed", "Inquiry: closed"
        NEEDS_RESPONSE = "needs_response", "Reply needed"
        UNDER_REVIEW = "under_review", "Under review"
        WON = "won", "Won"
        LOST = "lost", "Lost"
        PREVENTED = "prevented", "Prevented"

    class Answer(models.TextChoices):
        EVIDENCE = "evidence", "Evidence"
        ACCEPTED = "accepted", "Accepted"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="disputes")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="disputes")
    stripe_dispute_id = models.CharField(max_length=64, unique=True)
    charge_id = models.CharField(max_length=64)
    status = models.CharField(max_length=24, choices=Status)
    reason = models.CharField(max_length=60, help_text="As Stripe names it.")
    currency = models.CharField(max_length=3)
    amount = models.PositiveBigIntegerField(help_text="What the buyer's bank asks back.")
    withdrawn_amount = models.PositiveBigIntegerField(
        default=0, help_text="What it took from our Stripe balance, without Stripe's fee."
    )
    reinstated_amount = models.PositiveBigIntegerField(default=0, help_text="What of it came back.")
    fee_amount = models.PositiveBigIntegerField(
        default=0, help_text="Stripe's own fee, less what of it came back."
    )
    share_amount = models.PositiveBigIntegerField(
        default=0, help_text="The organizer's share of what was withdrawn."
    )
    recovered_amount = models.PositiveBigIntegerField(
        default=0, help_text="What of it was taken back from the organizer."
    )
    due_by = models.DateTimeField(
        null=True, blank=True, help_text="Until when Stripe takes evidence, if it says."
    )
    evidence = models.JSONField(default=dict, blank=True, help_text="The draft: our texts by Stripe's names.")
    statement = models.TextField(blank=True, help_text="What the organizer knows, for the bank.")
    statement_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    statement_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=10, choices=Answer, blank=True)
    answer_key = models.CharField(max_length=80, unique=True, null=True, blank=True)
    answer_asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True, help_text="When Stripe had it.")
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lease_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when one caller has Stripe's answer to itself."
    )
    is_recovery_stopped = models.BooleanField(
        default=False, help_text="Stripe refused to take the share back: staff decide."
    )
    needs_staff = models.BooleanField(default=False)
    staff_reason = models.TextField(blank=True)
    opened_at = models.DateTimeField(help_text="By Stripe's clock.")
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was decided, and all of it is in our books."
    )
    synced_at = models.DateTimeField(default=now, help_text="When Stripe was last asked about it.")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "warning_needs_response",
                        "warning_under_review",
                        "warning_closed",
                        "needs_response",
                        "under_review",
                        "won",
                        "lost",
                        "prevented",
                    ]
                ),
                name="dispute_status_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    recovered_amount__lte=F("withdrawn_amount"), share_amount__lte=F("withdrawn_amount")
                ),
                name="dispute_share_within_withdrawn",
            ),
            models.CheckConstraint(
                condition=Q(answer__in=["", "evidence", "accepted"]), name="dispute_answer_known"
            ),
            models.CheckConstraint(
                condition=Q(answer="", answer_key__isnull=True) | Q(~Q(answer=""), answer_key__isnull=False),
                name="dispute_answer_has_key",
            ),
        ]
        indexes = [
            models.Index(fields=["due_by"], condition=Q(closed_at__isnull=True), name="dispute_open"),
            models.Index(fields=["organization", "-id"], name="dispute_of_organization"),
            models.Index(
                fields=["id"],
                condition=Q(answered_at__isnull=True) & ~Q(answer=""),
                name="dispute_answer_waiting",
            ),
            models.Index(fields=["-id"], condition=Q(needs_staff=True), name="dispute_needs_staff"),
        ]

    def __str__(self) -> str:
        return self.stripe_dispute_id

    @property
    def is_inquiry(self) -> bool:
        return self.status.startswith("warning_")

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def is_over(self) -> bool:
        """Whether the time for an answer has passed."""
        return self.due_by is not None and self.due_by <= now()
