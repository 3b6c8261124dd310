"""Indexes for staff's list of everybody's payouts, made concurrently: whatever is recorded goes on meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payouts", "0005_dispute_lines")]
    operations = [
        AddIndexConcurrently(
            model_name="organizerpayout",
            index=models.Index(fields=["created_at", "id"], name="payout_by_time"),
        ),
        AddIndexConcurrently(
            model_name="organizerpayout",
            index=models.Index(fields=["status", "created_at", "id"], name="payout_by_status"),
        ),
    ]
