"""The two plans that ship. The environment's values are the first terms of `organization` only; later ones are rows."""

from datetime import UTC, datetime
from decimal import Decimal

from django.conf import settings
from django.db import migrations

REASON = "Shipped with Maly"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
# Stripe's own price for a domestic card, by currency: percent and fixed part in minor units (stripe.com/pricing).
PROCESSING = {
    "usd": ("2.9", 30),
    "eur": ("2.9", 30),
    "gbp": ("2.9", 30),
    "cad": ("2.9", 30),
    "aud": ("2.9", 30),
    "jpy": ("3.6", 0),
    "kwd": ("2.9", 100),
}
# The organization plan's fixed part where PLATFORM_FEE_FIXED_CENTS (dollars) doesn't say.
FIXED = {"eur": 75, "gbp": 60, "cad": 100, "aud": 110, "jpy": 110, "kwd": 230}


def seed(apps, _schema_editor):
    plans = apps.get_model("connect", "FeePlan").objects
    host = plans.create(code="host", name="Single host", is_default_for="personal")
    organization = plans.create(code="organization", name="Organization", is_default_for="team")
    FeeTerms = apps.get_model("connect", "FeeTerms")
    for currency, (percent, fixed_amount) in PROCESSING.items():
        shared = {
            "currency": currency,
            "processing_percent": Decimal(percent),
            "processing_fixed_amount": fixed_amount,
            "effective_from": SINCE,
            "reason": REASON,
        }
        FeeTerms.objects.create(
            plan=host,
            percent=Decimal(3),
            fixed_amount=0,
            rounding="per_order",
            processing_paid_by="platform",
            refunds_platform_fee=False,
            **shared,
        )
        FeeTerms.objects.create(
            plan=organization,
            percent=settings.PLATFORM_FEE_PERCENT,
            fixed_amount=FIXED.get(currency, settings.PLATFORM_FEE_FIXED_CENTS),
            rounding="per_ticket",
            processing_paid_by="sale",
            refunds_platform_fee=True,
            **shared,
        )


class Migration(migrations.Migration):
    dependencies = [("connect", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
