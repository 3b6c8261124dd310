"""Events, ticket types and their stock, orders, payments, tickets. Amounts are minor units of `currency`."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from accounts.models import Organization
from connect.models import ConnectedAccount, FeeAbsorption
from maly.codes import make_code, make_key
from ticketing.models.accents import Accent


def make_order_code() -> str:
    return "M-" + make_code(7)


def make_ticket_code() -> str:
    return make_code(10)


def make_ticket_type_id() -> str:
    return make_code(10).lower()


class Event(models.Model):
    """Something to go to. Ended is derived from `ends_at`."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "On sale"
        PAUSED = "paused", "Sales paused"
        CANCELLED = "cancelled", "Cancelled"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(unique=True, max_length=80)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="events")
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True, help_text="Markdown.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    doors_at = models.DateTimeField(null=True, blank=True, help_text="When one may come in, if that is said.")
    timezone = models.CharField(max_length=60)
    venue_name = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=300, blank=True)
    accessibility = models.TextField(blank=True)
    refund_policy = models.TextField(blank=True)
    cover = models.ImageField(upload_to="covers/", blank=True)
    cover_alt = models.CharField(max_length=200, blank=True)
    accent = models.CharField(max_length=10, choices=Accent, blank=True, default="", db_default="")
    currency = models.CharField(max_length=3, default="usd")
    fee_absorption = models.CharField(
        max_length=15,
        choices=FeeAbsorption,
        null=True,
        blank=True,
        help_text="Empty: the organization's choice.",
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    capacity = models.PositiveIntegerField(
        null=True, blank=True, help_text="Across all ticket types, if limited."
    )
    asks_attendee_names = models.BooleanField(
        default=False, help_text="Whether the checkout asks for a name for each ticket."
    )
    held = models.IntegerField(default=0)
    sold = models.IntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    is_date_open = models.BooleanField(
        default=False, help_text="A draft whose date is still to be chosen; the one that it has stands in."
    )
    draft_key = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="Of the form that made it: sent twice, it is one.",
    )
    created_at = models.DateTimeField(default=now)
    published_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(
        default=0, help_text="How often its time, place or title has changed: what calendars go by."
    )
    revised_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "published", "paused", "cancelled"]),
                name="event_status_known",
            ),
            models.CheckConstraint(
                condition=Q(accent="") | Q(accent__in=Accent.values), name="event_accent_known"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="event_ends_after_start"),
            models.CheckConstraint(
                condition=Q(doors_at__lte=F("starts_at")), name="event_doors_before_start"
            ),
            models.CheckConstraint(
                condition=Q(held__gte=0, sold__gte=0)
                & (Q(capacity__isnull=True) | Q(capacity__gte=F("held") + F("sold"))),
                name="event_stock",
            ),
            models.CheckConstraint(
                condition=Q(is_date_open=False) | Q(status__in=["draft", "cancelled"]), name="event_dated"
            ),
            models.UniqueConstraint(
                fields=["organization", "draft_key"],
                condition=~Q(draft_key=""),
                name="event_made_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["starts_at", "id"],
                condition=Q(status__in=["published", "paused"]),
                name="event_listed",
            ),
            models.Index(fields=["organization", "-starts_at"], name="event_of_organization"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_public(self) -> bool:
        return self.status != self.Status.DRAFT

    @property
    def has_ended(self) -> bool:
        return self.ends_at <= now()


class TicketType(models.Model):
    """A kind of ticket and its stock: `held + sold <= capacity`, kept by the database."""

    public_id = models.CharField(max_length=10, unique=True, default=make_ticket_type_id, editable=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="ticket_types")
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=500, blank=True)
    price_amount = models.PositiveIntegerField(help_text="Face price in minor units; 0 is free.")
    capacity = models.PositiveIntegerField()
    held = models.IntegerField(default=0)
    sold = models.IntegerField(default=0)
    sales_start = models.DateTimeField(null=True, blank=True)
    sales_end = models.DateTimeField(null=True, blank=True)
    min_per_order = models.PositiveSmallIntegerField(default=1)
    max_per_order = models.PositiveSmallIntegerField(default=10)
    is_hidden = models.BooleanField(default=False, help_text="Not listed; sold to whoever has its link.")
    stopped_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when the organizer has stopped selling it."
    )
    position = models.PositiveSmallIntegerField(default=0)
    draft_key = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="Of the form that made it: sent twice, it is one.",
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(held__gte=0, sold__gte=0, capacity__gte=F("held") + F("sold")),
                name="ticket_type_stock",
            ),
            models.CheckConstraint(
                condition=Q(min_per_order__gte=1, max_per_order__gte=F("min_per_order")),
                name="ticket_type_per_order",
            ),
            models.UniqueConstraint(
                fields=["event", "draft_key"], condition=~Q(draft_key=""), name="ticket_type_made_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def available(self) -> int:
        return self.capacity - self.held - self.sold


class Order(models.Model):
    """What one buyer owes and gets. Terms and amounts are frozen when the stock is held."""

    class Status(models.TextChoices):
        AWAITING_PAYMENT = "awaiting_payment", "Awaiting payment"
        PAID = "paid", "Paid"
        PARTLY_REFUNDED = "partly_refunded", "Partly refunded"
        REFUNDED = "refunded", "Refunded"
        DISPUTED = "disputed", "Disputed"
        CANCELLED = "cancelled", "Cancelled"
        EXPIRED = "expired", "Expired"

    class Problem(models.TextChoices):
        RESERVATION_EXPIRED = "RESERVATION_EXPIRED", "The reservation expired"
        PAYMENT_FAILED = "PAYMENT_FAILED", "The payment failed"

    code = models.CharField(max_length=9, unique=True, default=make_order_code, editable=False)
    key = models.CharField(max_length=32, default=make_key, editable=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="orders")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="orders")
    connected_account = models.ForeignKey(ConnectedAccount, null=True, blank=True, on_delete=models.PROTECT)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="orders"
    )
    email = models.EmailField()
    name = models.CharField(max_length=150)
    status = models.CharField(max_length=20, choices=Status, default=Status.AWAITING_PAYMENT)
    problem = models.CharField(max_length=20, choices=Problem, blank=True)
    currency = models.CharField(max_length=3)
    subtotal_amount = models.PositiveBigIntegerField(help_text="Face prices.")
    platform_fee_amount = models.PositiveBigIntegerField()
    processing_fee_amount = models.PositiveBigIntegerField()
    total_amount = models.PositiveBigIntegerField(help_text="What the buyer pays.")
    refunded_amount = models.PositiveBigIntegerField(default=0)
    fee_absorption = models.CharField(max_length=15, choices=FeeAbsorption)
    fee_breakdown = models.JSONField(default=dict, help_text="As the contract's fee_breakdown, frozen.")
    fee_terms = models.JSONField(default=dict, help_text="The terms used, frozen.")
    hold_expires_at = models.DateTimeField(null=True, blank=True)
    refund_policy = models.TextField(blank=True, help_text="As the event said when it was bought, frozen.")
    request_key = models.CharField(
        max_length=64,
        blank=True,
        help_text="Hash of caller and Idempotency-Key, so that a retry finds its order.",
    )
    created_at = models.DateTimeField(default=now)
    completed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When it expired or was cancelled.")
    tickets_seen_at = models.DateTimeField(
        null=True, blank=True, help_text="When its tickets were first opened with its key."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "awaiting_payment",
                        "paid",
                        "partly_refunded",
                        "refunded",
                        "disputed",
                        "cancelled",
                        "expired",
                    ]
                ),
                name="order_status_known",
            ),
            models.CheckConstraint(
                condition=Q(total_amount__gte=F("platform_fee_amount") + F("processing_fee_amount")),
                name="order_fees_within_total",
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount__lte=F("total_amount")), name="order_refund_within_total"
            ),
            models.UniqueConstraint(
                fields=["request_key"],
                condition=Q(status="awaiting_payment") & ~Q(request_key=""),
                name="order_request_under_way_once",
            ),
        ]
        indexes = [
            models.Index(fields=["event", "-id"], name="order_of_event"),
            models.Index(fields=["organization", "-id"], name="order_of_organization"),
            models.Index(fields=["user", "-id"], condition=Q(user__isnull=False), name="order_of_user"),
            # Staff's list of transactions, newest first. Of those that were only paid the first two tell enough.
            models.Index(
                fields=["completed_at", "id"],
                condition=Q(completed_at__isnull=False),
                name="order_transactions",
            ),
            models.Index(
                fields=["organization", "completed_at", "id"],
                condition=Q(completed_at__isnull=False),
                name="order_transactions_of",
            ),
            models.Index(
                fields=["status", "completed_at", "id"],
                condition=Q(completed_at__isnull=False) & ~Q(status="paid"),
                name="order_not_simply_paid",
            ),
            models.Index(fields=["email", "-id"], name="order_of_email"),
            models.Index(
                fields=["hold_expires_at"], condition=Q(status="awaiting_payment"), name="order_hold_due"
            ),
            models.Index(fields=["request_key"], condition=~Q(request_key=""), name="order_request_key"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_disputed(self) -> bool:
        """Whether a buyer's bank has its money, or has kept it: its tickets are to be looked at twice."""
        return self.status == self.Status.DISPUTED

    @property
    def application_fee_amount(self) -> int:
        return self.platform_fee_amount + self.processing_fee_amount

    @property
    def organizer_amount(self) -> int:
        return self.total_amount - self.application_fee_amount

    @property
    def service_fee_amount(self) -> int:
        """What the buyer pays above the face prices: 0 under absorb."""
        return self.total_amount - self.subtotal_amount


class OrderLine(models.Model):
    """One ticket type of an order, with the frozen amounts of each of its tickets."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    ticket_type = models.ForeignKey(TicketType, on_delete=models.PROTECT, related_name="order_lines")
    name = models.CharField(max_length=80)
    quantity = models.PositiveSmallIntegerField()
    unit_price_amount = models.PositiveBigIntegerField(help_text="Face price of one ticket.")
    unit_total_amount = models.PositiveBigIntegerField(help_text="What the buyer pays for one ticket.")
    ticket_amounts = models.JSONField(
        default=list,
        help_text="For each ticket: {paid, platform_fee, processing_fee, organizer} in minor units.",
    )
    attendee_names = models.JSONField(
        default=list, help_text="A name for each ticket, where the organizer asks for them."
    )

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["order", "ticket_type"], name="order_line_once")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class Ticket(models.Model):
    """One admission: an event's participant. Amounts are this ticket's frozen share of its order."""

    class Status(models.TextChoices):
        VALID = "valid", "Valid"
        CHECKED_IN = "checked_in", "Checked in"
        CANCELLED = "cancelled", "Cancelled"

    class PaymentStatus(models.TextChoices):
        FREE = "free", "Free"
        PAID = "paid", "Paid"
        REFUNDED = "refunded", "Refunded"

    code = models.CharField(max_length=10, unique=True, default=make_ticket_code, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="tickets")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="tickets")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="tickets")
    ticket_type = models.ForeignKey(TicketType, on_delete=models.PROTECT, related_name="tickets")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    holder_name = models.CharField(max_length=150)
    status = models.CharField(max_length=10, choices=Status, default=Status.VALID)
    payment_status = models.CharField(max_length=10, choices=PaymentStatus)
    generation = models.PositiveSmallIntegerField(
        default=1, help_text="Goes up when the ticket is issued anew."
    )
    paid_amount = models.PositiveBigIntegerField()
    platform_fee_amount = models.PositiveBigIntegerField()
    processing_fee_amount = models.PositiveBigIntegerField()
    organizer_amount = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=now)
    cancelled_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Kept by a trigger, as the status changes."
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["valid", "checked_in", "cancelled"]), name="ticket_status_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    paid_amount=F("platform_fee_amount") + F("processing_fee_amount") + F("organizer_amount")
                ),
                name="ticket_amounts_add_up",
            ),
        ]
        indexes = [models.Index(fields=["event", "id"], name="ticket_of_event")]

    def __str__(self) -> str:
        return self.code
