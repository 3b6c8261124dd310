"""Which dispute a line of a payout was taken for, or gave back."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payouts", "0004_bank"), ("ticketing", "0004_disputes")]
    operations = [
        migrations.AddField(
            model_name="payoutline",
            name="dispute",
            field=models.ForeignKey(
                blank=True,
                help_text="Which dispute took it, or gave it back.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payout_lines",
                to="ticketing.dispute",
            ),
        ),
    ]
