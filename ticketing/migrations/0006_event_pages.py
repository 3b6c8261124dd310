"""Ticket types that an organizer has stopped selling."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ticketing", "0005_cancellations")]

    operations = [
        migrations.AddField(
            model_name="tickettype",
            name="stopped_at",
            field=models.DateTimeField(
                blank=True, help_text="Since when the organizer has stopped selling it.", null=True
            ),
        ),
    ]
