"""A cancelled event and what becomes of each of its orders. Counts are derived from the rows; amounts minor units."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from ticketing.models.refunds import Refund
from ticketing.models.sales import Event, Order


class EventCancellation(models.Model):
    """The job that gives the money of a cancelled event back; it has a row for each order."""

    class State(models.TextChoices):
        REQUESTED = "requested", "Requested"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        NEEDS_STAFF = "needs_staff", "Needs staff"

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="cancellation")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True, help_text="The buyers read it.")
    gives_fee_back = models.BooleanField(
        null=True,
        blank=True,
        help_text="Whether the service fee goes back. Empty: as each order's plan says.",
    )
    state = models.CharField(max_length=11, choices=State, default=State.REQUESTED)
    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["requested", "running", "done", "needs_staff"]),
                name="cancellation_state_known",
            )
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(state__in=["requested", "running"]), name="cancellation_open"
            )
        ]

    def __str__(self) -> str:
        return str(self.event)


class CancelledOrder(models.Model):
    """One order of a cancelled event, and how far its money is."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        CLOSED = "closed", "Closed, nothing was paid"
        REFUNDED = "refunded", "Refunded"
        NOTHING_TO_REFUND = "nothing_to_refund", "Nothing to refund"
        DISPUTED = "disputed", "Left to the bank"
        NEEDS_STAFF = "needs_staff", "Needs staff"

    cancellation = models.ForeignKey(EventCancellation, on_delete=models.PROTECT, related_name="orders")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="cancelled_with_event")
    state = models.CharField(max_length=17, choices=State, default=State.WAITING)
    refund = models.OneToOneField(
        Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="cancelled_order"
    )
    amount = models.PositiveBigIntegerField(default=0, help_text="What the buyer gets back with it.")
    gives_fee_back = models.BooleanField(
        null=True, blank=True, help_text="Chosen by staff for this order. Empty: as the cancellation says."
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True, help_text="Why it isn't done yet.")
    lease_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when one worker has it to itself."
    )
    due_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "waiting",
                        "closed",
                        "refunded",
                        "nothing_to_refund",
                        "disputed",
                        "needs_staff",
                    ]
                ),
                name="cancelled_order_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="refunded") | Q(refund__isnull=False), name="cancelled_order_refunded_by"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=["waiting", "disputed"]), name="cancelled_order_due"
            ),
            models.Index(
                fields=["cancellation"], condition=Q(state="needs_staff"), name="cancelled_order_needs_staff"
            ),
            models.Index(fields=["cancellation", "state"], name="cancelled_order_state"),
        ]

    def __str__(self) -> str:
        return str(self.order)
