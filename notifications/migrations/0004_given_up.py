from django.db import migrations, models


class Migration(migrations.Migration):
    """Messages that were given up are few among very many, and are looked for on every look at operations."""

    dependencies = [("notifications", "0003_push")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(condition=models.Q(state="dead"), fields=["kind"], name="message_given_up"),
        ),
    ]
