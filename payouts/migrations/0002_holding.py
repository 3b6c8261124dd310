"""Payouts held until after the event."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payouts", "0001_initial"),
        ("ticketing", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="payoutrequest",
            name="requested_by",
            field=models.ForeignKey(
                help_text="Empty: held money whose time had come.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="PayoutHoldException",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.TextField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payout_hold_exception",
                        to="ticketing.event",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PayoutHold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("on", "Held"), ("ending", "Ending"), ("off", "Off")],
                        default="on",
                        max_length=10,
                    ),
                ),
                (
                    "days_after_event",
                    models.PositiveSmallIntegerField(help_text="0 releases at the event's end."),
                ),
                ("reason", models.TextField()),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "former_schedule",
                    models.JSONField(
                        blank=True,
                        help_text="The account's schedule before, which comes back after the hold.",
                        null=True,
                    ),
                ),
                (
                    "applied_at",
                    models.DateTimeField(
                        blank=True, help_text="Since when Stripe pays nothing out by itself.", null=True
                    ),
                ),
                (
                    "lease_until",
                    models.DateTimeField(
                        blank=True, help_text="Until when one caller sets the schedule at Stripe.", null=True
                    ),
                ),
                (
                    "connected_account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="connect.connectedaccount",
                    ),
                ),
                (
                    "organization",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payout_hold",
                        to="accounts.organization",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["on", "ending", "off"])),
                        name="payout_hold_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("connected_account__isnull", True),
                            ("former_schedule__isnull", False),
                            _connector="OR",
                        ),
                        name="payout_hold_remembers_the_schedule",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PayoutRelease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount", models.PositiveBigIntegerField()),
                (
                    "reason",
                    models.TextField(blank=True, help_text="Why staff didn't wait; empty: it was due."),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payout_releases",
                        to="accounts.organization",
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="release",
                        to="payouts.payoutrequest",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization", "-id"], name="payout_release_of_organization")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("created_by__isnull", True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="payout_release_by_staff_has_reason",
                    )
                ],
            },
        ),
    ]
