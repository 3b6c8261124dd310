"""Disputes, and what goes with them: who owes for a lost one, which transfer is taken back, what the buyer saw."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ticketing", "0003_transfers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="refund_policy",
            field=models.TextField(blank=True, help_text="As the event said when it was bought, frozen."),
        ),
        migrations.AddField(
            model_name="order",
            name="tickets_seen_at",
            field=models.DateTimeField(
                blank=True, help_text="When its tickets were first opened with its key.", null=True
            ),
        ),
        migrations.AddField(
            model_name="transferreversal",
            name="transfer",
            field=models.ForeignKey(
                blank=True,
                help_text="Which of our own transfers is taken back; empty: the charge's.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reversals",
                to="ticketing.organizertransfer",
            ),
        ),
        migrations.AlterField(
            model_name="organizerreceivable",
            name="refund",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="receivable",
                to="ticketing.refund",
            ),
        ),
        migrations.AlterField(
            model_name="transferreversal",
            name="refund",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reversals",
                to="ticketing.refund",
            ),
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stripe_dispute_id", models.CharField(max_length=64, unique=True)),
                ("charge_id", models.CharField(max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("warning_needs_response", "Inquiry: reply needed"),
                            ("warning_under_review", "Inquiry: under review"),
                            ("warning_closed", "Inquiry: closed"),
                            ("needs_response", "Reply needed"),
                            ("under_review", "Under review"),
                            ("won", "Won"),
                            ("lost", "Lost"),
                            ("prevented", "Prevented"),
                        ],
                        max_length=24,
                    ),
                ),
                ("reason", models.CharField(help_text="As Stripe names it.", max_length=60)),
                ("currency", models.CharField(max_length=3)),
                ("amount", models.PositiveBigIntegerField(help_text="What the buyer's bank asks back.")),
                (
                    "withdrawn_amount",
                    models.PositiveBigIntegerField(
                        default=0, help_text="What it took from our Stripe balance, without Stripe's fee."
                    ),
                ),
                (
                    "reinstated_amount",
                    models.PositiveBigIntegerField(default=0, help_text="What of it came back."),
                ),
                (
                    "fee_amount",
                    models.PositiveBigIntegerField(
                        default=0, help_text="Stripe's own fee, less what of it came back."
                    ),
                ),
                (
                    "share_amount",
                    models.PositiveBigIntegerField(
                        default=0, help_text="The organizer's share of what was withdrawn."
                    ),
                ),
                (
                    "recovered_amount",
                    models.PositiveBigIntegerField(
                        default=0, help_text="What of it was taken back from the organizer."
                    ),
                ),
                (
                    "due_by",
                    models.DateTimeField(
                        blank=True, help_text="Until when Stripe takes evidence, if it says.", null=True
                    ),
                ),
                (
                    "evidence",
                    models.JSONField(
                        blank=True, default=dict, help_text="The draft: our texts by Stripe's names."
                    ),
                ),
                (
                    "answer",
                    models.CharField(
                        blank=True,
                        choices=[("evidence", "Evidence"), ("accepted", "Accepted")],
                        max_length=10,
                    ),
                ),
                ("answer_key", models.CharField(blank=True, max_length=80, null=True, unique=True)),
                ("answer_asked_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, help_text="When Stripe had it.", null=True)),
                (
                    "lease_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Until when one caller has Stripe's answer to itself.",
                        null=True,
                    ),
                ),
                (
                    "is_recovery_stopped",
                    models.BooleanField(
                        default=False, help_text="Stripe refused to take the share back: staff decide."
                    ),
                ),
                ("needs_staff", models.BooleanField(default=False)),
                ("staff_reason", models.TextField(blank=True)),
                ("opened_at", models.DateTimeField(help_text="By Stripe's clock.")),
                (
                    "closed_at",
                    models.DateTimeField(
                        blank=True, help_text="When it was decided, and all of it is in our books.", null=True
                    ),
                ),
                (
                    "synced_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="When Stripe was last asked about it."
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="ticketing.order",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="accounts.organization",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="ticketing.payment",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="organizerreceivable",
            name="dispute",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="receivable",
                to="ticketing.dispute",
            ),
        ),
        migrations.AddField(
            model_name="organizertransfer",
            name="dispute",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="organizer_transfers",
                to="ticketing.dispute",
            ),
        ),
        migrations.AddField(
            model_name="transferreversal",
            name="dispute",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reversals",
                to="ticketing.dispute",
            ),
        ),
        migrations.AddConstraint(
            model_name="organizerreceivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dispute__isnull", False), ("refund__isnull", True)),
                    models.Q(("dispute__isnull", True), ("refund__isnull", False)),
                    _connector="OR",
                ),
                name="receivable_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="transferreversal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dispute__isnull", False), ("refund__isnull", True)),
                    models.Q(("dispute__isnull", True), ("refund__isnull", False)),
                    _connector="OR",
                ),
                name="transfer_reversal_of_one",
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)), fields=["due_by"], name="dispute_open"
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(fields=["organization", "-id"], name="dispute_of_organization"),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                condition=models.Q(("answered_at__isnull", True), models.Q(("answer", ""), _negated=True)),
                fields=["id"],
                name="dispute_answer_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                condition=models.Q(("needs_staff", True)), fields=["-id"], name="dispute_needs_staff"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "warning_needs_response",
                            "warning_under_review",
                            "warning_closed",
                            "needs_response",
                            "under_review",
                            "won",
                            "lost",
                            "prevented",
                        ],
                    )
                ),
                name="dispute_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recovered_amount__lte", models.F("withdrawn_amount")),
                    ("share_amount__lte", models.F("withdrawn_amount")),
                ),
                name="dispute_share_within_withdrawn",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("answer__in", ["", "evidence", "accepted"])), name="dispute_answer_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", ""), ("answer_key__isnull", True)),
                    models.Q(models.Q(("answer", ""), _negated=True), ("answer_key__isnull", False)),
                    _connector="OR",
                ),
                name="dispute_answer_has_key",
            ),
        ),
    ]
