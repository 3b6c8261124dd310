"""Transfers that make organizers whole."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ticketing", "0002_refunds")]
    operations = []
