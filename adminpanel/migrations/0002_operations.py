from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("adminpanel", "0001_revenue")]

    operations = [
        migrations.CreateModel(
            name="SweepRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="As in the beat schedule; beat's own is `beat`.", max_length=60, unique=True
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                (
                    "succeeded_at",
                    models.DateTimeField(blank=True, help_text="When it last came to its end.", null=True),
                ),
                (
                    "error",
                    models.CharField(
                        blank=True, help_text="What ended the last run, by its type.", max_length=100
                    ),
                ),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, help_text="How many runs in a row have failed."),
                ),
            ],
        ),
    ]
