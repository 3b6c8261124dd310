"""Up to when Stripe's list of events has been compared with the inbox."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connect", "0003_dead_letter_acknowledged")]

    operations = [
        migrations.CreateModel(
            name="EventCursor",
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
                        blank=True,
                        help_text="Stripe's account; empty: the platform.",
                        max_length=64,
                        unique=True,
                    ),
                ),
                (
                    "complete_at",
                    models.DateTimeField(
                        blank=True, help_text="What happened before is in the inbox.", null=True
                    ),
                ),
                (
                    "found",
                    models.PositiveIntegerField(
                        default=0, help_text="How many events no webhook had brought, in all."
                    ),
                ),
                (
                    "found_at",
                    models.DateTimeField(
                        blank=True, help_text="When such an event was last found.", null=True
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=200)),
            ],
            options={"indexes": [models.Index(fields=["complete_at"], name="event_cursor_oldest")]},
        ),
    ]
