"""Payouts held until after the event."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payouts", "0001_initial")]
    operations = []
