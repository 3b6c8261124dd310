"""Payouts as Stripe makes them: of organizers with their lines, of the platform, and those asked for here.

Amounts are minor units of `currency`; one below 0 is a payout that Stripe takes from the bank, to even out a balance
below 0.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from accounts.models import Organization
from connect.models import ConnectedAccount
from ticketing.models import Dispute, Order


class PayoutStatus(models.TextChoices):
    """Stripe's words. Paid isn't the end: a bank may send the money back days later."""

    PENDING = "pending", "Pending"
    IN_TRANSIT = "in_transit", "On its way"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


UNDER_WAY = (PayoutStatus.PENDING, PayoutStatus.IN_TRANSIT)
SENT_BACK = (PayoutStatus.FAILED, PayoutStatus.CANCELED)


class Payout(models.Model):
    """What every payout has, whoever is paid."""

    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=PayoutStatus)
    arrival_date = models.DateTimeField(help_text="When Stripe expects it in the bank.")
    failure_code = models.CharField(max_length=100, blank=True)
    failure_message = models.TextField(blank=True, help_text="Stripe's own words.")
    failure_transaction_id = models.CharField(
        max_length=64, blank=True, help_text="The balance transaction that brought the money back."
    )
    automatic = models.BooleanField(help_text="Made by the schedule; otherwise asked for.")
    method = models.CharField(max_length=20, blank=True)
    bank_name = models.CharField(max_length=100, blank=True)
    bank_last4 = models.CharField(max_length=4, blank=True, help_text="The end of the bank account's number.")
    created_at = models.DateTimeField(help_text="Stripe's time.")
    paid_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "in_transit", "paid", "failed", "canceled"]),
                name="%(class)s_status_known",
            )
        ]

    @property
    def is_sent_back(self) -> bool:
        return self.status in SENT_BACK


class OrganizerPayout(Payout):
    """A payout from a connected account's balance to the organizer's bank."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="payouts")
    connected_account = models.ForeignKey(ConnectedAccount, on_delete=models.PROTECT, related_name="payouts")
    stripe_payout_id = models.CharField(max_length=64)
    lines_synced_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was known what it is made of."
    )

    class Meta(Payout.Meta):
        constraints = [
            *Payout.Meta.constraints,
            models.UniqueConstraint(
                fields=["connected_account", "stripe_payout_id"], name="organizerpayout_once"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "status", "-created_at"], name="payout_of_org_by_status"),
            models.Index(fields=["organization", "-created_at", "-id"], name="payout_of_organization"),
            models.Index(fields=["stripe_payout_id"], name="payout_stripe_id"),
            # Staff's list of everybody's.
            models.Index(fields=["created_at", "id"], name="payout_by_time"),
            models.Index(fields=["status", "created_at", "id"], name="payout_by_status"),
            models.Index(
                fields=["arrival_date"],
                condition=Q(status__in=["pending", "in_transit"]),
                name="payout_under_way",
            ),
            models.Index(
                fields=["created_at"], condition=Q(lines_synced_at__isnull=True), name="payout_without_lines"
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_payout_id


class PlatformPayout(Payout):
    """A payout from the platform's own balance to its own bank."""

    stripe_payout_id = models.CharField(max_length=64, unique=True)

    class Meta(Payout.Meta):
        pass

    def __str__(self) -> str:
        return self.stripe_payout_id


class PayoutLine(models.Model):
    """A movement of the balance that a payout is made of: `net` is `amount` less `fee`.

    Stripe itemises automatic payouts only. The lines of a manual one are our own allocation, settled movements oldest
    first, and the last one of them may be split over two payouts.
    """

    payout = models.ForeignKey(OrganizerPayout, on_delete=models.PROTECT, related_name="lines")
    balance_transaction_id = models.CharField(max_length=64)
    type = models.CharField(max_length=40, help_text="Stripe's type of balance transaction.")
    source_id = models.CharField(max_length=64, blank=True)
    description = models.TextField(blank=True)
    order = models.ForeignKey(
        Order, null=True, blank=True, on_delete=models.PROTECT, related_name="payout_lines"
    )
    dispute = models.ForeignKey(
        Dispute,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="payout_lines",
        help_text="Which dispute took it, or gave it back.",
    )
    amount = models.BigIntegerField()
    fee_amount = models.BigIntegerField()
    net_amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    allocated = models.BooleanField(default=False)
    occurred_at = models.DateTimeField(help_text="Stripe's time.")

    class Meta:
        ordering = ["occurred_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["payout", "balance_transaction_id"], name="payout_line_once"),
            models.CheckConstraint(
                condition=Q(net_amount=F("amount") - F("fee_amount")), name="payout_line_adds_up"
            ),
        ]
        indexes = [
            models.Index(fields=["balance_transaction_id"], name="payout_line_transaction"),
            models.Index(fields=["source_id"], name="payout_line_source"),
        ]

    def __str__(self) -> str:
        return self.balance_transaction_id


class PayoutRequest(models.Model):
    """A payout under the manual schedule, asked for or released, committed before Stripe hears of it."""

    class Status(models.TextChoices):
        REQUESTED = "requested", "Requested"
        CREATED = "created", "Created"
        REFUSED = "refused", "Refused"
        NOT_MADE = "not_made", "Not made"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="payout_requests")
    connected_account = models.ForeignKey(ConnectedAccount, on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: held money whose time had come.",
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.REQUESTED)
    idempotency_key = models.CharField(max_length=80, unique=True)
    request_key = models.CharField(
        max_length=64, blank=True, help_text="Hash of caller and Idempotency-Key, so that a retry finds it."
    )
    amount = models.PositiveBigIntegerField()
    is_whole_balance = models.BooleanField(help_text="No amount was named: all that was available.")
    currency = models.CharField(max_length=3)
    payout = models.OneToOneField(
        OrganizerPayout, null=True, blank=True, on_delete=models.PROTECT, related_name="request"
    )
    refusal = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["requested", "created", "refused", "not_made"]),
                name="payout_request_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="created", payout__isnull=False)
                | ~Q(status="created") & Q(payout__isnull=True),
                name="payout_request_has_its_payout",
            ),
            models.UniqueConstraint(
                fields=["connected_account", "currency"],
                condition=Q(status="requested"),
                name="payout_request_under_way_once",
            ),
            models.UniqueConstraint(
                fields=["request_key"],
                condition=Q(status__in=["requested", "created"]) & ~Q(request_key=""),
                name="payout_request_key_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(status="requested"), name="payout_request_under_way"
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.status}"
