"""The bank account that a payout went to, and what Stripe last said of balance, schedule and bank."""

import django.db.models.deletion
from django.db import migrations, models


def bank_fields(model):
    return [
        migrations.AddField(
            model_name=model,
            name="bank_name",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name=model,
            name="bank_last4",
            field=models.CharField(
                blank=True, help_text="The end of the bank account's number.", max_length=4
            ),
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("connect", "0004_event_cursors"), ("payouts", "0003_reconciliation")]
    operations = [
        *bank_fields("organizerpayout"),
        *bank_fields("platformpayout"),
        migrations.CreateModel(
            name="LastSeen",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("available", models.JSONField(default=dict)),
                ("pending", models.JSONField(default=dict)),
                ("schedule", models.JSONField(help_text="The payout schedule: interval and anchors.")),
                ("payouts_enabled", models.BooleanField()),
                ("bank_name", models.CharField(blank=True, max_length=100)),
                ("bank_last4", models.CharField(blank=True, max_length=4)),
                ("is_bank_usable", models.BooleanField(default=True)),
                ("seen_at", models.DateTimeField()),
                (
                    "connected_account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="last_seen",
                        to="connect.connectedaccount",
                    ),
                ),
            ],
            options={"verbose_name_plural": "last seen"},
        ),
    ]
