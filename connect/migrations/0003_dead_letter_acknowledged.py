"""Staff can say of a dead letter that it needs nothing more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connect", "0002_seed_fee_plans")]

    operations = [
        migrations.AddField(
            model_name="stripeevent",
            name="acknowledged_at",
            field=models.DateTimeField(
                blank=True, help_text="When staff said that this dead letter needs nothing more.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="stripeevent",
            index=models.Index(
                condition=models.Q(("acknowledged_at__isnull", True), ("status", "dead")),
                fields=["id"],
                name="stripe_event_dead",
            ),
        ),
    ]
