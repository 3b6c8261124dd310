"""The audit log as staff search it: by who, what, whose and when, newest first, among millions."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

INDEXES = (
    models.Index(fields=["-at", "-id"], name="audit_at"),
    models.Index(fields=["organization", "-at", "-id"], name="audit_of_organization"),
    models.Index(fields=["actor", "-at", "-id"], condition=models.Q(actor__isnull=False), name="audit_actor"),
    models.Index(fields=["action", "-at", "-id"], name="audit_action"),
    models.Index(
        fields=["actor_kind", "-at", "-id"],
        condition=models.Q(actor_kind__in=["staff", "command"]),
        name="audit_by_staff",
    ),
)


class Migration(migrations.Migration):
    # So that a log that grows with every sale can be written to meanwhile.
    atomic = False
    dependencies = [("accounts", "0003_profile")]
    operations = [
        *(AddIndexConcurrently("auditentry", index) for index in INDEXES),
        # The new ones serve what these did.
        migrations.AlterField(
            "auditentry",
            "actor",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            "auditentry",
            "organization",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
            ),
        ),
        RemoveIndexConcurrently("auditentry", "audit_organization"),
    ]
