"""What Stripe last said about an account's money, for pages that don't wait for it. Nothing is ever decided by it."""

from typing import Any

from django.db import models

from connect.models import ConnectedAccount
from connect.stripe_objects import Bank, PayoutSchedule


class LastSeen(models.Model):
    """Balance, schedule and bank of an account as Stripe had them at `seen_at`; minor units by currency."""

    connected_account = models.OneToOneField(
        ConnectedAccount, on_delete=models.CASCADE, related_name="last_seen"
    )
    available = models.JSONField(default=dict)
    pending = models.JSONField(default=dict)
    schedule = models.JSONField(help_text="The payout schedule: interval and anchors.")
    payouts_enabled = models.BooleanField()
    bank_name = models.CharField(max_length=100, blank=True)
    bank_last4 = models.CharField(max_length=4, blank=True)
    is_bank_usable = models.BooleanField(default=True)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "last seen"

    def __str__(self) -> str:
        return f"{self.connected_account} at {self.seen_at:%Y-%m-%d %H:%M}"

    @property
    def payout_schedule(self) -> PayoutSchedule:
        given: dict[str, Any] = self.schedule
        return PayoutSchedule(**given)

    @property
    def bank(self) -> Bank | None:
        """Where the next payout goes; None without one."""
        if not self.bank_last4:
            return None
        return Bank(name=self.bank_name, last4=self.bank_last4, is_usable=self.is_bank_usable)
