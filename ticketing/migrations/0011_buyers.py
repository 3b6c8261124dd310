"""Attendee names that an organizer asks for, and by what calendars notice that an event has changed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ticketing", "0010_search")]
    operations = [
        migrations.AddField(
            model_name="event",
            name="asks_attendee_names",
            field=models.BooleanField(
                default=False, help_text="Whether the checkout asks for a name for each ticket."
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="revision",
            field=models.PositiveIntegerField(
                default=0, help_text="How often its time, place or title has changed: what calendars go by."
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="revised_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="attendee_names",
            field=models.JSONField(
                default=list, help_text="A name for each ticket, where the organizer asks for them."
            ),
        ),
    ]
