"""Browsers that asked to be told, and messages that go to them."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

CHANNELS = [("mail", "Email"), ("push", "Push, to whoever asked"), ("browser", "Push, to one browser")]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_delivery")]

    operations = [
        migrations.CreateModel(
            name="PushSubscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "endpoint",
                    models.CharField(
                        help_text="Its push service's address for it; a secret.", max_length=1000
                    ),
                ),
                ("topic", models.CharField(max_length=60)),
                ("p256dh", models.CharField(help_text="The browser's public key.", max_length=100)),
                ("auth", models.CharField(help_text="What it shares with us alone.", max_length=30)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "indexes": [models.Index(fields=["endpoint"], name="push_subscription_endpoint")],
                "constraints": [
                    models.UniqueConstraint(fields=("topic", "endpoint"), name="push_subscription_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="message",
            name="channel",
            field=models.CharField(choices=CHANNELS, db_default="mail", default="mail", max_length=8),
        ),
        migrations.AlterField(
            model_name="message",
            name="to",
            field=models.EmailField(blank=True, help_text="Empty for a push.", max_length=254),
        ),
        migrations.AddField(
            model_name="message",
            name="subscription",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="notifications.pushsubscription",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel", "mail")) ^ models.Q(("to", "")),
                name="message_mail_has_recipient",
            ),
        ),
    ]
