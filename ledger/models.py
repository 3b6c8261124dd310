"""Double entry: accounts, transactions and their entries, and the seals that make the past unchangeable.

Amounts are signed minor units of the transaction's currency: a debit is positive, a credit negative. Every table but
the list of violations only grows: triggers refuse UPDATE, DELETE and TRUNCATE (migration 0002), which also lets no
unbalanced transaction commit.
"""

from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from accounts.models import Organization
from maly.money import format_amount

# The database's own number of the transaction that writes a row: unlike ids, it tells what has committed.
XACT_ID = RawSQL("pg_current_xact_id()::text::bigint", [])


class LedgerAccount(models.Model):
    """An account of the chart in one currency. It has no balance of its own, so that no sale waits for another."""

    class Kind(models.TextChoices):
        ASSET = "asset", "Asset"
        LIABILITY = "liability", "Liability"
        REVENUE = "revenue", "Revenue"
        EXPENSE = "expense", "Expense"

    code = models.CharField(max_length=100, help_text="As in ledger.chart: stripe:platform, organizer:<id>.")
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=10, choices=Kind)
    organization = models.ForeignKey(Organization, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "currency"], name="ledger_account_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["asset", "liability", "revenue", "expense"]),
                name="ledger_account_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"


class LedgerTransaction(models.Model):
    """One movement of money, unique by what it is and Stripe's id of it. Never changed; corrected by a reversal."""

    kind = models.CharField(max_length=60, help_text="What happened: sale, stripe_fee, refund.")
    source = models.CharField(max_length=120, help_text="What it happened to: Stripe's id, such as ch_….")
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    subject = models.CharField(max_length=80, blank=True, help_text="Such as order:M-7K2QX4C.")
    currency = models.CharField(max_length=3)
    occurred_at = models.DateTimeField(help_text="When it happened at Stripe.")
    posted_at = models.DateTimeField(db_default=Now())
    xact_id = models.BigIntegerField(db_default=XACT_ID, editable=False)
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversal")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "source"], name="ledger_transaction_once"),
        ]
        indexes = [
            models.Index(fields=["xact_id"], name="ledger_transaction_xact"),
            models.Index(fields=["occurred_at"], name="ledger_transaction_occurred"),
            models.Index(fields=["organization", "occurred_at"], name="ledger_transaction_of"),
            models.Index(fields=["subject"], name="ledger_transaction_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.source}"


class LedgerEntry(models.Model):
    """One line of a transaction: a debit (positive) or a credit (negative) of an account."""

    transaction = models.ForeignKey(LedgerTransaction, on_delete=models.PROTECT, related_name="entries")
    # No foreign key in the database: it would lock the row of stripe:platform for every sale. The trigger at commit
    # checks the account instead, and accounts can't be deleted.
    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="entries", db_constraint=False
    )
    amount = models.BigIntegerField(help_text="Minor units; a debit is positive, a credit negative.")

    class Meta:
        verbose_name_plural = "ledger entries"
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=~models.Q(amount=0), name="ledger_entry_not_zero")]

    def __str__(self) -> str:
        side = "Debit" if self.amount > 0 else "Credit"
        return f"{side} {self.account.code} {format_amount(abs(self.amount), self.account.currency)}"


class LedgerSeal(models.Model):
    """A committed transaction's place in the chain: its hash covers its body and the hash before it."""

    transaction = models.OneToOneField(LedgerTransaction, on_delete=models.PROTECT, related_name="seal")
    sequence = models.BigIntegerField(unique=True, help_text="1, 2, 3 …, without gaps.")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, help_text="SHA-256 of the previous hash and the body, in hex.")
    horizon = models.BigIntegerField(help_text="Every transaction with a smaller xact_id is sealed.")
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash[:12]}"


class LedgerCheckpoint(models.Model):
    """The balance of an account after every transaction sealed up to `sequence`."""

    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="checkpoints", db_index=False
    )
    sequence = models.BigIntegerField()
    balance = models.BigIntegerField(help_text="Minor units; a debit balance is positive.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "sequence"], name="ledger_checkpoint_once")]

    def __str__(self) -> str:
        return f"{self.account} at {self.sequence}: {self.balance}"


class LedgerHead(models.Model):
    """The last seal of a day, also exported: whoever cuts the chain's end would have to change every copy of it."""

    day = models.DateField(unique=True)
    sequence = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    exported_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.day} {self.sequence} {self.hash[:12]}"


class LedgerMark(models.Model):
    """Up to where every invariant was found to hold: an incremental check looks at what came after."""

    horizon = models.BigIntegerField(help_text="Rows written by transactions before this one were looked at.")
    sequence = models.BigIntegerField(help_text="The last seal that was looked at; 0 without any.")
    rules_hash = models.CharField(max_length=64, help_text="Of the invariants that were run.")
    is_full = models.BooleanField()
    checked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.checked_at:%Y-%m-%d %H:%M} up to {self.sequence}"


class LedgerViolation(models.Model):
    """An invariant that a verification found broken, open until one that could see it finds it whole again."""

    code = models.CharField(max_length=10, help_text="Of the invariant, such as I05.")
    subject = models.CharField(max_length=200, help_text="What breaks it, such as order:M-7K2QX4C.")
    detail = models.TextField()
    needs_full = models.BooleanField(help_text="Only full runs have seen it, so only a full run clears it.")
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "subject"],
                condition=models.Q(cleared_at__isnull=True),
                name="ledger_violation_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.subject}"
