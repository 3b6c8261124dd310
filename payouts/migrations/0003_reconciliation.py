"""Balance transactions and what does not match."""

import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payouts", "0002_holding"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BalanceComparison",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("books", models.CharField(max_length=100)),
                ("currency", models.CharField(max_length=3)),
                ("stripe_amount", models.BigIntegerField(help_text="Available and pending, as Stripe says.")),
                ("imported_amount", models.BigIntegerField(help_text="The sum of the imported movements.")),
                ("ledger_amount", models.BigIntegerField()),
                ("in_flight_amount", models.BigIntegerField()),
                ("compared_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("books", "currency"), name="balance_comparison_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="BalanceImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "account_id",
                    models.CharField(help_text="Empty: the platform.", max_length=64, unique=True),
                ),
                ("books", models.CharField(max_length=100)),
                (
                    "complete_at",
                    models.DateTimeField(
                        blank=True, help_text="Everything that was made before is imported.", null=True
                    ),
                ),
                ("listing_began_at", models.DateTimeField(blank=True, null=True)),
                (
                    "listing_after",
                    models.CharField(
                        blank=True,
                        help_text="How far an interrupted listing came, newest first.",
                        max_length=64,
                    ),
                ),
                (
                    "unreachable_since",
                    models.DateTimeField(
                        blank=True, help_text="Closed, or no account of the platform's any more.", null=True
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "indexes": [models.Index(fields=["books"], name="balance_import_books")],
            },
        ),
        migrations.CreateModel(
            name="BalanceTransaction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "account_id",
                    models.CharField(
                        blank=True, help_text="Stripe's account; empty: the platform.", max_length=64
                    ),
                ),
                ("books", models.CharField(max_length=100)),
                ("stripe_id", models.CharField(max_length=64)),
                ("type", models.CharField(max_length=60)),
                (
                    "category",
                    models.CharField(blank=True, help_text="Stripe's reporting category.", max_length=60),
                ),
                ("status", models.CharField(max_length=20)),
                ("amount", models.BigIntegerField()),
                ("fee_amount", models.BigIntegerField()),
                ("application_fee_amount", models.BigIntegerField(default=0)),
                ("net_amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("source_id", models.CharField(blank=True, max_length=64)),
                (
                    "transfer_id",
                    models.CharField(
                        blank=True, help_text="The transfer that made the payment.", max_length=64
                    ),
                ),
                (
                    "payment_id",
                    models.CharField(blank=True, help_text="The payment that it gives back.", max_length=64),
                ),
                (
                    "reversal_id",
                    models.CharField(
                        blank=True, help_text="The reversal that made the refund.", max_length=64
                    ),
                ),
                ("application_fee_id", models.CharField(blank=True, max_length=64)),
                ("description", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(help_text="Stripe's time.")),
                ("available_at", models.DateTimeField()),
                (
                    "imported_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="When Stripe was last asked about it."
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["source_id"], name="balance_transaction_source"),
                    models.Index(fields=["books", "currency"], name="balance_transaction_books"),
                    models.Index(fields=["created_at"], name="balance_transaction_created"),
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["account_id", "available_at"],
                        name="balance_transaction_pending",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_id", "stripe_id"), name="balance_transaction_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "net_amount",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("amount"), "-", models.F("fee_amount")
                                ),
                            )
                        ),
                        name="balance_transaction_adds_up",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "imported",
                    models.PositiveIntegerField(help_text="Movements that this run brought or refreshed."),
                ),
                ("compared", models.PositiveIntegerField(help_text="Movements that were compared.")),
                ("open_exceptions", models.PositiveIntegerField()),
                (
                    "has_balances",
                    models.BooleanField(help_text="Whether Stripe's balances were compared too."),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["-finished_at"], name="reconciliation_finished")],
            },
        ),
        migrations.CreateModel(
            name="MoneyException",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("missing_here", "At Stripe, not in the ledger"),
                            ("missing_at_stripe", "In the ledger, not at Stripe"),
                            ("amount", "Another amount"),
                            ("stripe_fee", "Another fee of Stripe's"),
                            ("application_fee", "Another application fee"),
                            ("currency", "Another currency"),
                            ("wrong_account", "On another account"),
                            ("duplicate", "Booked more than once"),
                            ("late", "Booked at another time"),
                            ("overdue", "Still pending at Stripe"),
                            ("unknown", "Of no known kind"),
                            ("balance", "Balance and movements differ"),
                            ("payout_lines", "Payout and lines differ"),
                            ("unreadable", "Account can't be read"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        help_text="What it is about: books, currency and Stripe's id.", max_length=200
                    ),
                ),
                ("books", models.CharField(blank=True, max_length=100)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("expected_amount", models.BigIntegerField(blank=True, null=True)),
                ("found_amount", models.BigIntegerField(blank=True, null=True)),
                (
                    "ids",
                    models.JSONField(
                        default=list, help_text="Stripe's ids, and ours of ledger transactions."
                    ),
                ),
                ("words", models.TextField()),
                ("first_seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("cleared_at", models.DateTimeField(blank=True, null=True)),
                ("times_opened", models.PositiveIntegerField(default=1)),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.TextField(blank=True)),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("cleared_at__isnull", True)),
                        fields=["-last_seen_at"],
                        name="money_exception_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "subject"), name="money_exception_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("acknowledged_at__isnull", True),
                            models.Q(("note", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="money_exception_note_given",
                    ),
                ],
            },
        ),
    ]
