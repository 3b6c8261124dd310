"""A private note on refunds, what organizers say to a dispute, and today's orders by an index."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ticketing", "0007_check_ins"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            model_name="dispute",
            name="statement",
            field=models.TextField(blank=True, help_text="What the organizer knows, for the bank."),
        ),
        migrations.AddField(
            model_name="dispute",
            name="statement_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="dispute",
            name="statement_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="note",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The organizer's own; nobody outside its team reads it.",
                max_length=500,
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("completed_at__isnull", False)),
                fields=["organization", "completed_at"],
                name="order_completed",
            ),
        ),
    ]
