"""What makes creating an event and a ticket type repeatable, and drafts whose date isn't chosen yet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ticketing", "0008_order_pages")]
    operations = [
        migrations.AddField(
            model_name="event",
            name="is_date_open",
            field=models.BooleanField(
                default=False,
                help_text="A draft whose date is still to be chosen; the one that it has stands in.",
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="draft_key",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="Of the form that made it: sent twice, it is one.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="tickettype",
            name="draft_key",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="Of the form that made it: sent twice, it is one.",
                max_length=64,
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_date_open", False), ("status__in", ["draft", "cancelled"]), _connector="OR"
                ),
                name="event_dated",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.UniqueConstraint(
                condition=models.Q(("draft_key", ""), _negated=True),
                fields=("organization", "draft_key"),
                name="event_made_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="tickettype",
            constraint=models.UniqueConstraint(
                condition=models.Q(("draft_key", ""), _negated=True),
                fields=("event", "draft_key"),
                name="ticket_type_made_once",
            ),
        ),
    ]
