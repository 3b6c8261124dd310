"""Cancelled events and their refunds."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ticketing", "0004_disputes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="refund",
            name="origin",
            field=models.CharField(
                choices=[
                    ("organizer", "Organizer"),
                    ("staff", "Staff"),
                    ("late_payment", "Late payment"),
                    ("event_cancelled", "Event cancelled"),
                    ("stripe", "Stripe's dashboard"),
                ],
                max_length=15,
            ),
        ),
        migrations.CreateModel(
            name="EventCancellation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(blank=True, help_text="The buyers read it.", max_length=500)),
                (
                    "gives_fee_back",
                    models.BooleanField(
                        blank=True,
                        help_text="Whether the service fee goes back. Empty: as each order's plan says.",
                        null=True,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("needs_staff", "Needs staff"),
                        ],
                        default="requested",
                        max_length=11,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cancellation",
                        to="ticketing.event",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CancelledOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("closed", "Closed, nothing was paid"),
                            ("refunded", "Refunded"),
                            ("nothing_to_refund", "Nothing to refund"),
                            ("disputed", "Left to the bank"),
                            ("needs_staff", "Needs staff"),
                        ],
                        default="waiting",
                        max_length=17,
                    ),
                ),
                (
                    "amount",
                    models.PositiveBigIntegerField(default=0, help_text="What the buyer gets back with it."),
                ),
                (
                    "gives_fee_back",
                    models.BooleanField(
                        blank=True,
                        help_text="Chosen by staff for this order. Empty: as the cancellation says.",
                        null=True,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("error", models.TextField(blank=True, help_text="Why it isn't done yet.")),
                (
                    "lease_until",
                    models.DateTimeField(
                        blank=True, help_text="Until when one worker has it to itself.", null=True
                    ),
                ),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cancelled_with_event",
                        to="ticketing.order",
                    ),
                ),
                (
                    "refund",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cancelled_order",
                        to="ticketing.refund",
                    ),
                ),
                (
                    "cancellation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="ticketing.eventcancellation",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="eventcancellation",
            index=models.Index(
                condition=models.Q(("state__in", ["requested", "running"])),
                fields=["id"],
                name="cancellation_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventcancellation",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["requested", "running", "done", "needs_staff"])),
                name="cancellation_state_known",
            ),
        ),
        migrations.AddIndex(
            model_name="cancelledorder",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "disputed"])),
                fields=["due_at"],
                name="cancelled_order_due",
            ),
        ),
        migrations.AddIndex(
            model_name="cancelledorder",
            index=models.Index(
                condition=models.Q(("state", "needs_staff")),
                fields=["cancellation"],
                name="cancelled_order_needs_staff",
            ),
        ),
        migrations.AddIndex(
            model_name="cancelledorder",
            index=models.Index(fields=["cancellation", "state"], name="cancelled_order_state"),
        ),
        migrations.AddConstraint(
            model_name="cancelledorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["waiting", "closed", "refunded", "nothing_to_refund", "disputed", "needs_staff"],
                    )
                ),
                name="cancelled_order_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancelledorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "refunded"), _negated=True), ("refund__isnull", False), _connector="OR"
                ),
                name="cancelled_order_refunded_by",
            ),
        ),
    ]
