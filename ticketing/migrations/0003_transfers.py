"""Transfers that make organizers whole, and receivables that are written off."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ticketing", "0002_refunds"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrganizerTransfer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("refund_made_whole", "A failed refund's part given back"),
                            ("dispute_returned", "A won dispute's part given back"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("requested", "Requested"), ("succeeded", "Done"), ("refused", "Refused")],
                        default="requested",
                        max_length=10,
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=80, unique=True)),
                ("destination", models.CharField(help_text="The connected account, frozen.", max_length=64)),
                ("currency", models.CharField(max_length=3)),
                ("amount", models.PositiveBigIntegerField()),
                ("stripe_id", models.CharField(blank=True, max_length=64, null=True, unique=True)),
                (
                    "failure_reason",
                    models.TextField(blank=True, help_text="Why it isn't made yet, or was refused."),
                ),
                (
                    "lease_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Until when one caller has Stripe's answer to itself.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="organizerreceivable",
            name="receivable_settled_within_amount",
        ),
        migrations.RemoveIndex(
            model_name="organizerreceivable",
            name="receivable_open",
        ),
        migrations.AddField(
            model_name="organizerreceivable",
            name="written_off_amount",
            field=models.PositiveBigIntegerField(
                default=0,
                help_text="Given up by staff, for good: nothing takes it from the organizer any more.",
            ),
        ),
        migrations.AddIndex(
            model_name="organizerreceivable",
            index=models.Index(
                condition=models.Q(
                    ("amount__gt", models.F("settled_amount") + models.F("written_off_amount")),
                    ("needs_staff", False),
                ),
                fields=["organization"],
                name="receivable_open",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("transfer_id", ""), _negated=True),
                fields=["transfer_id"],
                name="payment_of_transfer",
            ),
        ),
        migrations.AddConstraint(
            model_name="organizerreceivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gte", models.F("settled_amount") + models.F("written_off_amount"))
                ),
                name="receivable_settled_within_amount",
            ),
        ),
        migrations.AddField(
            model_name="organizertransfer",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="ticketing.order"
            ),
        ),
        migrations.AddField(
            model_name="organizertransfer",
            name="payment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="organizer_transfers",
                to="ticketing.payment",
            ),
        ),
        migrations.AddField(
            model_name="organizertransfer",
            name="refund",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="organizer_transfers",
                to="ticketing.refund",
            ),
        ),
        migrations.AddIndex(
            model_name="organizertransfer",
            index=models.Index(
                condition=models.Q(("status", "requested")), fields=["id"], name="organizer_transfer_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="organizertransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["requested", "succeeded", "refused"])),
                name="organizer_transfer_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="organizertransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="organizer_transfer_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="organizertransfer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "requested")),
                fields=("refund",),
                name="organizer_transfer_under_way_once",
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="received",
            field=models.JSONField(
                blank=True,
                help_text="Money that came and isn't what was asked for, by Stripe's objects: "
                "{amount, currency, application_fee_amount, organization}, the last whose account it went to.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("status", "review")), fields=["id"], name="payment_in_review"
            ),
        ),
        migrations.AlterField(
            model_name="refund",
            name="status",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("pending", "On its way"),
                    ("succeeded", "Refunded"),
                    ("failed", "Failed"),
                    ("refused", "Refused"),
                    ("otherwise", "Failed, paid another way"),
                ],
                default="requested",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="refund", name="refund_status_known"),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["requested", "pending", "succeeded", "failed", "refused", "otherwise"])
                ),
                name="refund_status_known",
            ),
        ),
    ]
