"""dj-stripe's copies of what Premium has at Stripe, for the Django admin; nobody's name or address among them."""

import json

import pytest
from djstripe.models import APIKey, Customer, Invoice, Price, Product, Subscription

from premium import tasks
from premium.models import PremiumInvoice
from premium.models import Subscription as Ours

pytestmark = pytest.mark.django_db


def test_the_mirror_has_customer_subscription_price_product_and_invoice(subscribe, buyer, look_up):
    subscription = subscribe(buyer)
    invoice = PremiumInvoice.objects.get()
    for _again in range(2):
        tasks.mirror_subscription(subscription.stripe_subscription_id)
        tasks.mirror_invoice(invoice.stripe_invoice_id)
    assert Subscription.objects.get().id == subscription.stripe_subscription_id
    assert Invoice.objects.get().id == invoice.stripe_invoice_id
    assert Customer.objects.get().id == subscription.stripe_customer_id
    assert Price.objects.get().id == subscription.price_id
    assert Product.objects.get().stripe_data["name"] == "Maly Premium Monthly"
    assert not APIKey.objects.exists()
    for mirrored in (Subscription, Invoice, Customer):
        assert buyer.email not in json.dumps(mirrored.objects.get().stripe_data)
    assert Subscription.objects.get().stripe_data["items"]["data"]
    for mirrored in (Subscription, Invoice, Customer, Price, Product):
        look_up(mirrored.objects.get())


def test_a_mirror_that_fails_fails_nothing_else(subscribe, buyer):
    subscribe(buyer)
    tasks.mirror_subscription("sub_none")
    assert Ours.objects.get().status == "active"
