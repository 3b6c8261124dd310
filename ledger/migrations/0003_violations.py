"""What a verification found broken, for staff to see."""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_views_and_triggers")]

    operations = [
        migrations.CreateModel(
            name="LedgerViolation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(help_text="Of the invariant, such as I05.", max_length=10)),
                (
                    "subject",
                    models.CharField(help_text="What breaks it, such as order:M-7K2QX4C.", max_length=200),
                ),
                ("detail", models.TextField()),
                (
                    "needs_full",
                    models.BooleanField(
                        help_text="Only full runs have seen it, so only a full run clears it."
                    ),
                ),
                ("first_seen_at", models.DateTimeField(db_default=Now())),
                ("last_seen_at", models.DateTimeField(db_default=Now())),
                ("cleared_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddConstraint(
            model_name="ledgerviolation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cleared_at__isnull", True)),
                fields=("code", "subject"),
                name="ledger_violation_open_once",
            ),
        ),
    ]
