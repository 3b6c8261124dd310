"""Check-ins and door links, and since when a ticket is cancelled, by the database's own clock."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import ticketing.models.check_ins

STAMP = """
CREATE FUNCTION ticketing_stamp_cancelled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.cancelled_at := CASE WHEN NEW.status = 'cancelled' THEN clock_timestamp() END;
    RETURN NEW;
END $$;
CREATE TRIGGER ticketing_ticket_cancelled BEFORE UPDATE OF status ON ticketing_ticket
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION ticketing_stamp_cancelled();
"""
UNSTAMP = """
DROP TRIGGER ticketing_ticket_cancelled ON ticketing_ticket;
DROP FUNCTION ticketing_stamp_cancelled();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ticketing", "0006_event_pages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="ticket",
            name="cancelled_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="Kept by a trigger, as the status changes.", null=True
            ),
        ),
        migrations.CreateModel(
            name="DoorLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=ticketing.models.check_ins.make_public_id,
                        editable=False,
                        max_length=12,
                        unique=True,
                    ),
                ),
                ("name", models.CharField(help_text="The door, as scans name it.", max_length=60)),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="door_links",
                        to="ticketing.event",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CheckIn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=ticketing.models.check_ins.make_public_id,
                        editable=False,
                        max_length=12,
                        unique=True,
                    ),
                ),
                (
                    "gate",
                    models.CharField(
                        help_text="The door's name, or the member's, at the time.", max_length=150
                    ),
                ),
                ("device_id", models.CharField(blank=True, max_length=64)),
                (
                    "nonce",
                    models.CharField(
                        blank=True,
                        help_text="The scan's own name: sent again it is the same entry.",
                        max_length=128,
                    ),
                ),
                ("scanned_at", models.DateTimeField(help_text="By the device's clock.")),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "override_reason",
                    models.CharField(
                        blank=True, help_text="Why somebody already in was let in again.", max_length=200
                    ),
                ),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_ins",
                        to="ticketing.event",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_ins",
                        to="ticketing.ticket",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "door",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_ins",
                        to="ticketing.doorlink",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="doorlink",
            index=models.Index(fields=["event", "-id"], name="door_link_of_event"),
        ),
        migrations.AddIndex(
            model_name="checkin",
            index=models.Index(fields=["event", "-id"], name="check_in_of_event"),
        ),
        migrations.AddConstraint(
            model_name="checkin",
            constraint=models.UniqueConstraint(
                condition=models.Q(("override_reason", ""), ("undone_at__isnull", True)),
                fields=("ticket",),
                name="check_in_of_ticket_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkin",
            constraint=models.UniqueConstraint(
                condition=models.Q(("nonce", ""), _negated=True),
                fields=("ticket", "nonce"),
                name="check_in_scan_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkin",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("door__isnull", False), ("user__isnull", True)),
                    models.Q(("door__isnull", True), ("user__isnull", False)),
                    _connector="OR",
                ),
                name="check_in_by_member_or_door",
            ),
        ),
        migrations.RunSQL(STAMP, UNSTAMP),
    ]
