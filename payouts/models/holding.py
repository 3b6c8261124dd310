"""Payouts that are held until after the event: the policy, staff's exceptions from it, and what was released."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Organization
from connect.models import ConnectedAccount
from payouts.models.payouts import PayoutRequest
from ticketing.models import Event


class PayoutHold(models.Model):
    """An organization's money is paid out `days_after_event` days after each event. One row, whatever its state."""

    class Status(models.TextChoices):
        ON = "on", "Held"
        ENDING = "ending", "Ending"
        OFF = "off", "Off"

    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, related_name="payout_hold")
    status = models.CharField(max_length=10, choices=Status, default=Status.ON)
    days_after_event = models.PositiveSmallIntegerField(help_text="0 releases at the event's end.")
    reason = models.TextField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=now)
    connected_account = models.ForeignKey(
        ConnectedAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    former_schedule = models.JSONField(
        null=True, blank=True, help_text="The account's schedule before, which comes back after the hold."
    )
    applied_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when Stripe pays nothing out by itself."
    )
    lease_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when one caller sets the schedule at Stripe."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["on", "ending", "off"]), name="payout_hold_status_known"
            ),
            models.CheckConstraint(
                condition=Q(connected_account__isnull=True) | Q(former_schedule__isnull=False),
                name="payout_hold_remembers_the_schedule",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.status}"


class PayoutHoldException(models.Model):
    """An event whose money staff don't hold any longer."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="payout_hold_exception")
    reason = models.TextField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return str(self.event)


class PayoutRelease(models.Model):
    """Held money that was paid out, by the hourly job or by staff; its request carries the key for Stripe."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="payout_releases")
    currency = models.CharField(max_length=3)
    amount = models.PositiveBigIntegerField()
    request = models.OneToOneField(PayoutRequest, on_delete=models.PROTECT, related_name="release")
    reason = models.TextField(blank=True, help_text="Why staff didn't wait; empty: it was due.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(created_by__isnull=True) | ~Q(reason=""),
                name="payout_release_by_staff_has_reason",
            )
        ]
        indexes = [models.Index(fields=["organization", "-id"], name="payout_release_of_organization")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.amount} {self.currency}"
