"""Disputes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ticketing", "0003_transfers")]
    operations = []
