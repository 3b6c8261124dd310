"""Addresses of the organizer's home, payment settings, and of the caller's own API."""

from django.urls import path

from dashboard import api, views

app_name = "dashboard"
PAYMENTS = "dashboard/settings/payments/"

urlpatterns = [
    path("api/me", api.Me.as_view(), name="me"),
    path("api/organizations", api.Organizations.as_view(), name="organizations"),
    path("dashboard/", views.home, name="home"),
    path(PAYMENTS, views.payments, name="payments"),
    path(f"{PAYMENTS}connect/", views.connect_stripe, name="payments-connect"),
    path(f"{PAYMENTS}stripe/", views.stripe_dashboard, name="payments-stripe"),
    path(f"{PAYMENTS}fees/", views.choose_fees, name="payments-fees"),
    path(f"{PAYMENTS}return/", views.stripe_return, name="payments-return"),
    path(f"{PAYMENTS}refresh/", views.stripe_refresh, name="payments-refresh"),
    path(f"{PAYMENTS}disconnect/", views.disconnect, name="payments-disconnect"),
]
