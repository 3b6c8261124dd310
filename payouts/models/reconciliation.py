"""Stripe's movements as imported, and what doesn't match: a row for each difference, until it is gone.

`books` names the ledger's account for a balance at Stripe: stripe:platform, stripe:connected:<organization>. Amounts
are minor units of `currency`.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from maly.money import CURRENCIES, format_amount


class BalanceTransaction(models.Model):
    """A movement of a balance at Stripe: `net` is `amount` less `fee`, of which a part may be our application fee."""

    account_id = models.CharField(
        max_length=64, blank=True, help_text="Stripe's account; empty: the platform."
    )
    books = models.CharField(max_length=100)
    stripe_id = models.CharField(max_length=64)
    type = models.CharField(max_length=60)
    category = models.CharField(max_length=60, blank=True, help_text="Stripe's reporting category.")
    status = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    fee_amount = models.BigIntegerField()
    application_fee_amount = models.BigIntegerField(default=0)
    net_amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    source_id = models.CharField(max_length=64, blank=True)
    transfer_id = models.CharField(max_length=64, blank=True, help_text="The transfer that made the payment.")
    payment_id = models.CharField(max_length=64, blank=True, help_text="The payment that it gives back.")
    reversal_id = models.CharField(max_length=64, blank=True, help_text="The reversal that made the refund.")
    application_fee_id = models.CharField(max_length=64, blank=True)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(help_text="Stripe's time.")
    available_at = models.DateTimeField()
    imported_at = models.DateTimeField(default=now, help_text="When Stripe was last asked about it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account_id", "stripe_id"], name="balance_transaction_once"),
            models.CheckConstraint(
                condition=Q(net_amount=F("amount") - F("fee_amount")), name="balance_transaction_adds_up"
            ),
        ]
        indexes = [
            models.Index(fields=["source_id"], name="balance_transaction_source"),
            models.Index(fields=["books", "currency"], name="balance_transaction_books"),
            models.Index(fields=["created_at"], name="balance_transaction_created"),
            models.Index(
                fields=["account_id", "available_at"],
                condition=Q(status="pending"),
                name="balance_transaction_pending",
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class BalanceImport(models.Model):
    """How far the movements of one account at Stripe have been imported."""

    account_id = models.CharField(max_length=64, unique=True, help_text="Empty: the platform.")
    books = models.CharField(max_length=100)
    complete_at = models.DateTimeField(
        null=True, blank=True, help_text="Everything that was made before is imported."
    )
    listing_began_at = models.DateTimeField(null=True, blank=True)
    listing_after = models.CharField(
        max_length=64, blank=True, help_text="How far an interrupted listing came, newest first."
    )
    unreachable_since = models.DateTimeField(
        null=True, blank=True, help_text="Closed, or no account of the platform's any more."
    )
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["books"], name="balance_import_books")]

    def __str__(self) -> str:
        return self.account_id or "platform"


class BalanceComparison(models.Model):
    """A balance as Stripe and the ledger had it when they were last compared.

    `in_flight` is what Stripe had moved and the ledger not yet booked, or the other way, too young to be a difference.
    """

    books = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    stripe_amount = models.BigIntegerField(help_text="Available and pending, as Stripe says.")
    imported_amount = models.BigIntegerField(help_text="The sum of the imported movements.")
    ledger_amount = models.BigIntegerField()
    in_flight_amount = models.BigIntegerField()
    compared_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["books", "currency"], name="balance_comparison_once"),
        ]

    def __str__(self) -> str:
        return f"{self.books} {self.currency}"


class MoneyException(models.Model):
    """Something about money that doesn't match. It clears itself once the difference is gone, and opens if it returns.

    `expected` is what Stripe says (of a payout: its amount), `found` what stands against it.
    """

    class Kind(models.TextChoices):
        MISSING_HERE = "missing_here", "At Stripe, not in the ledger"
        MISSING_AT_STRIPE = "missing_at_stripe", "In the ledger, not at Stripe"
        AMOUNT = "amount", "Another amount"
        STRIPE_FEE = "stripe_fee", "Another fee of Stripe's"
        APPLICATION_FEE = "application_fee", "Another application fee"
        CURRENCY = "currency", "Another currency"
        WRONG_ACCOUNT = "wrong_account", "On another account"
        DUPLICATE = "duplicate", "Booked more than once"
        LATE = "late", "Booked at another time"
        OVERDUE = "overdue", "Still pending at Stripe"
        UNKNOWN = "unknown", "Of no known kind"
        BALANCE = "balance", "Balance and movements differ"
        PAYOUT_LINES = "payout_lines", "Payout and lines differ"
        UNREADABLE = "unreadable", "Account can't be read"

    kind = models.CharField(max_length=20, choices=Kind)
    subject = models.CharField(max_length=200, help_text="What it is about: books, currency and Stripe's id.")
    books = models.CharField(max_length=100, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    expected_amount = models.BigIntegerField(null=True, blank=True)
    found_amount = models.BigIntegerField(null=True, blank=True)
    ids = models.JSONField(default=list, help_text="Stripe's ids, and ours of ledger transactions.")
    words = models.TextField()
    first_seen_at = models.DateTimeField(default=now)
    last_seen_at = models.DateTimeField(default=now)
    cleared_at = models.DateTimeField(null=True, blank=True)
    times_opened = models.PositiveIntegerField(default=1)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject"], name="money_exception_once"),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True) | ~Q(note=""), name="money_exception_note_given"
            ),
        ]
        indexes = [
            models.Index(
                fields=["-last_seen_at"], condition=Q(cleared_at__isnull=True), name="money_exception_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"

    @property
    def is_open(self) -> bool:
        return self.cleared_at is None

    def in_words(self, amount: int | None) -> str:
        """An amount of its own as people read it; nothing where there is none."""
        if amount is None:
            return ""
        if self.currency in CURRENCIES:
            return format_amount(amount, self.currency)
        return f"{amount} {self.currency.upper()}"


class Reconciliation(models.Model):
    """A run that compared Stripe with the books, to its end."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(default=now)
    imported = models.PositiveIntegerField(help_text="Movements that this run brought or refreshed.")
    compared = models.PositiveIntegerField(help_text="Movements that were compared.")
    open_exceptions = models.PositiveIntegerField()
    has_balances = models.BooleanField(help_text="Whether Stripe's balances were compared too.")

    class Meta:
        indexes = [models.Index(fields=["-finished_at"], name="reconciliation_finished")]

    def __str__(self) -> str:
        return f"{self.finished_at:%Y-%m-%d %H:%M}"
