"""Cancelled events and their refunds."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ticketing", "0004_disputes")]
    operations = []
