"""The plan of a premium host's personal organization: the single host's own terms, at 2 percent."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import migrations

REASON = "Shipped with Maly"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
COPIED = (
    "currency",
    "fixed_amount",
    "rounding",
    "processing_paid_by",
    "processing_percent",
    "processing_fixed_amount",
    "refunds_platform_fee",
)


def seed(apps, _schema_editor):
    host = apps.get_model("connect", "FeePlan").objects.get(code="host")
    plan = apps.get_model("connect", "FeePlan").objects.create(code="premium_host", name="Premium host")
    FeeTerms = apps.get_model("connect", "FeeTerms")
    # What shipped; of a currency that staff have added since, nothing is said.
    for terms in FeeTerms.objects.filter(plan=host, reason=REASON):
        shared = {name: getattr(terms, name) for name in COPIED}
        FeeTerms.objects.create(plan=plan, percent=Decimal(2), effective_from=SINCE, reason=REASON, **shared)


class Migration(migrations.Migration):
    dependencies = [("connect", "0004_event_cursors")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
