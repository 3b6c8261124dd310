"""Balance transactions and what does not match."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payouts", "0002_holding")]
    operations = []
