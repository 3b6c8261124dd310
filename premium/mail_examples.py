"""What each mail about Premium could be about, for staff to look at: the newest there is, else a sample.

Called in a transaction that is rolled back.
"""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from maly.codes import make_key
from premium.models import Customer, PremiumInvoice, Subscription
from premium.plans import MONTHLY
from premium.services.news import SCHEDULED

Ids = dict[str, Any]


def subscription() -> Ids:
    newest = Subscription.objects.filter(status=Subscription.Status.ACTIVE).order_by("-pk").first()
    return {"subscription": (newest or _subscription()).pk}


def cancelled_subscription() -> Ids:
    newest = Subscription.objects.filter(cancel_at_period_end=True).order_by("-pk").first()
    found = newest or _subscription(cancel_at_period_end=True)
    return {"subscription": found.pk, "reason": SCHEDULED}


def paid_invoice() -> Ids:
    paid = PremiumInvoice.objects.filter(status=PremiumInvoice.Status.PAID, charged_amount__gt=0)
    return {"invoice": (paid.order_by("-pk").first() or _invoice(is_paid=True)).pk}


def failed_invoice() -> Ids:
    failing = PremiumInvoice.objects.filter(status=PremiumInvoice.Status.OPEN, attempt_count__gt=0)
    return {"invoice": (failing.order_by("-pk").first() or _invoice(is_paid=False)).pk}


def _subscription(**fields: Any) -> Subscription:
    key, now = make_key(), timezone.now()
    user = User.objects.create_user(f"sample-{key}@example.com".lower(), name="Ada Obi")
    customer = Customer.objects.create(
        user=user, stripe_customer_id=f"cus_{key}", idempotency_key=f"sample-{key}"
    )
    return Subscription.objects.create(
        user=user,
        customer=customer,
        stripe_subscription_id=f"sub_{key}",
        stripe_customer_id=f"cus_{key}",
        status=Subscription.Status.ACTIVE,
        item_id=f"si_{key}",
        price_id=f"price_{key}",
        amount=MONTHLY.amount,
        currency=MONTHLY.currency,
        current_period_start=now,
        current_period_end=now + timedelta(days=30),
        started_at=now,
        synced_at=now,
        **fields,
    )


def _invoice(*, is_paid: bool) -> PremiumInvoice:
    found, key, now = _subscription(), make_key(), timezone.now()
    paid = {
        "status": PremiumInvoice.Status.PAID,
        "paid_amount": found.amount,
        "charged_amount": found.amount,
        "charge_id": f"ch_{key}",
        "charged_at": now,
        "paid_at": now,
    }
    failed = {
        "status": PremiumInvoice.Status.OPEN,
        "attempt_count": 1,
        "next_attempt_at": now + timedelta(days=3),
        "hosted_url": f"https://invoice.example.com/{key}",
    }
    return PremiumInvoice.objects.create(
        user=found.user,
        customer=found.customer,
        subscription=found,
        stripe_invoice_id=f"in_{key}",
        stripe_subscription_id=found.stripe_subscription_id,
        number="A1B2C3D4-0001",
        currency=found.currency,
        total_amount=found.amount,
        due_amount=found.amount,
        card_brand="visa",
        card_last4="4242",
        issued_at=now,
        synced_at=now,
        **(paid if is_paid else failed),
    )
