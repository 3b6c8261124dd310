"""Money that goes to an organizer once more: transfers of ours beside those that Stripe makes of each charge."""

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from ticketing.models.payments import Payment
from ticketing.models.refunds import Moved, Refund
from ticketing.models.sales import Order


class OrganizerTransfer(models.Model):
    """A transfer from our balance that gives an organizer back what was taken from it; committed before the call."""

    class Purpose(models.TextChoices):
        REFUND_MADE_WHOLE = "refund_made_whole", "A failed refund's part given back"
        DISPUTE_RETURNED = "dispute_returned", "A won dispute's part given back"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="transfers")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="organizer_transfers")
    refund = models.ForeignKey(
        Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="organizer_transfers"
    )
    dispute = models.ForeignKey(
        "ticketing.Dispute",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="organizer_transfers",
    )
    purpose = models.CharField(max_length=20, choices=Purpose)
    status = models.CharField(max_length=10, choices=Moved, default=Moved.REQUESTED)
    idempotency_key = models.CharField(max_length=80, unique=True)
    destination = models.CharField(max_length=64, help_text="The connected account, frozen.")
    currency = models.CharField(max_length=3)
    amount = models.PositiveBigIntegerField()
    stripe_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    failure_reason = models.TextField(blank=True, help_text="Why it isn't made yet, or was refused.")
    lease_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when one caller has Stripe's answer to itself."
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["requested", "succeeded", "refused"]),
                name="organizer_transfer_status_known",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="organizer_transfer_amount_positive"),
            models.UniqueConstraint(
                fields=["refund"], condition=Q(status="requested"), name="organizer_transfer_under_way_once"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(status="requested"), name="organizer_transfer_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.amount}"
