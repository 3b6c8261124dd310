"""Leases, deliveries and who wants which message."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

DELIVERED = [
    ("delayed", "Delayed"),
    ("delivered", "Delivered"),
    ("bounced", "Not delivered"),
    ("complained", "Marked as spam"),
]
ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_profile"), ("notifications", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="DeliveryEvent",
            fields=[
                ("id", ID),
                (
                    "event_id",
                    models.CharField(
                        help_text="The provider's id, or a digest of what it said.", max_length=200
                    ),
                ),
                ("delivery", models.CharField(choices=DELIVERED, max_length=10)),
                ("detail", models.TextField(blank=True, help_text="The receiving server's words.")),
                ("occurred_at", models.DateTimeField()),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="delivery_events",
                        to="notifications.message",
                    ),
                ),
            ],
            options={
                "ordering": ["occurred_at", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("message", "event_id"), name="delivery_event_once"),
                    models.CheckConstraint(
                        condition=models.Q(("delivery__in", [value for value, _label in DELIVERED])),
                        name="delivery_event_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MailChoice",
            fields=[
                ("id", ID),
                (
                    "sales",
                    models.CharField(
                        choices=[
                            ("each", "An email for each order"),
                            ("daily", "One email a day"),
                            ("never", "No emails"),
                        ],
                        max_length=5,
                    ),
                ),
                (
                    "membership",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mail_choice",
                        to="accounts.membership",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("sales__in", ["each", "daily", "never"])),
                        name="mail_choice_known",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="message",
            name="delivery",
            field=models.CharField(
                blank=True,
                choices=DELIVERED,
                db_default="",
                default="",
                help_text="What the provider's webhooks say.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="delivery_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="message",
            name="provider_id",
            field=models.CharField(blank=True, help_text="The provider's name for it.", max_length=200),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("provider_id", ""), _negated=True),
                fields=["provider_id"],
                name="message_provider_id",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("delivery__in", ["", *(value for value, _label in DELIVERED)])),
                name="message_delivery_known",
            ),
        ),
    ]
