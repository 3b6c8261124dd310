"""Addresses of staff's pages about one organization, below its slug."""

from django.urls import path

from adminpanel.views import flags, organization_fees, organizations

urlpatterns = [
    path("", organizations.summary, name="organization"),
    path("events/", organizations.events, name="organization-events"),
    path("orders/", organizations.orders, name="organization-orders"),
    path("payouts/", organizations.payouts, name="organization-payouts"),
    path("audit/", organizations.audit, name="organization-audit"),
    path("fees/", organization_fees.fees, name="organization-fees"),
    path("fees/change/", organization_fees.rate, name="organization-rate"),
    path("fees/preview/", organization_fees.rate_preview, name="organization-rate-preview"),
    path("fees/remove/", organization_fees.remove_rate, name="organization-rate-remove"),
    path("plan/", organization_fees.plan, name="organization-plan"),
    path("flag/", flags.flag, name="organization-flag"),
    path("unflag/", flags.unflag, name="organization-unflag"),
]
