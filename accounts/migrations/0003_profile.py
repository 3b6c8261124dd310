"""What an organization says of itself in public."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_audit_append_only")]
    operations = [
        migrations.AddField(
            "organization",
            "tagline",
            models.CharField(blank=True, help_text="One line under the name.", max_length=140),
        ),
        migrations.AddField(
            "organization",
            "based_in",
            models.CharField(blank=True, help_text="Where, such as Bristol.", max_length=120),
        ),
        migrations.AddField("organization", "logo", models.ImageField(blank=True, upload_to="logos/")),
    ]
