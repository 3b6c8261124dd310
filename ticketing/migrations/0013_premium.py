"""What Premium gives an event's page: a colour, and addresses that lead on after they were changed."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

ACCENTS = [
    ("brick", "Brick red"),
    ("tangerine", "Tangerine"),
    ("amber", "Amber"),
    ("olive", "Olive"),
    ("forest", "Forest green"),
    ("teal", "Teal"),
    ("ocean", "Ocean"),
    ("cobalt", "Cobalt blue"),
    ("violet", "Violet"),
    ("plum", "Plum"),
    ("rose", "Rose"),
    ("graphite", "Graphite"),
]


class Migration(migrations.Migration):
    dependencies = [("ticketing", "0012_staff_lists")]
    operations = [
        migrations.CreateModel(
            name="FormerAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=80, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_addresses",
                        to="ticketing.event",
                    ),
                ),
            ],
            options={"verbose_name_plural": "former addresses"},
        ),
        migrations.AddField(
            model_name="event",
            name="accent",
            field=models.CharField(
                blank=True,
                choices=ACCENTS,
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("accent", ""), ("accent__in", [name for name, _label in ACCENTS]), _connector="OR"
                ),
                name="event_accent_known",
            ),
        ),
    ]
