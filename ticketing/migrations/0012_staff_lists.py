"""Indexes for staff's list of transactions: by time, by organization and by what isn't simply paid; and by address.

Made and dropped concurrently: sales go on meanwhile. One that is interrupted leaves an invalid index to be dropped.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

COMPLETED = Q(completed_at__isnull=False)
NOT_SIMPLY_PAID = COMPLETED & ~Q(status="paid")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ticketing", "0011_buyers")]
    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["completed_at", "id"], condition=COMPLETED, name="order_transactions"),
        ),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                fields=["organization", "completed_at", "id"],
                condition=COMPLETED,
                name="order_transactions_of",
            ),
        ),
        RemoveIndexConcurrently(model_name="order", name="order_completed"),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                fields=["status", "completed_at", "id"],
                condition=NOT_SIMPLY_PAID,
                name="order_not_simply_paid",
            ),
        ),
        AddIndexConcurrently(
            model_name="order", index=models.Index(fields=["email", "-id"], name="order_of_email")
        ),
        RemoveIndexConcurrently(model_name="order", name="order_email"),
    ]
