"""Addresses of premium's pages."""

from django.urls import path

from premium.views import billing, plans, pricing, success

BILLING = "dashboard/settings/billing/"

urlpatterns = [
    path("premium/", pricing.pricing, name="pricing"),
    path("premium/success", success.success, name="success"),
    path(BILLING, billing.billing, name="billing"),
    path(f"{BILLING}cancel/", billing.cancel, name="billing-cancel"),
    path(f"{BILLING}resume/", billing.resume, name="billing-resume"),
    path(f"{BILLING}portal/", billing.portal, name="billing-portal"),
    path(f"{BILLING}return/", billing.portal_return, name="billing-return"),
    path(f"{BILLING}offer/", plans.offer, name="billing-offer"),
    path(f"{BILLING}change/", plans.change, name="billing-change"),
]
