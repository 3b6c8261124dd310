"""Addresses of the organizer's home, payment settings, and of the API's views of several apps."""

from django.urls import path

from dashboard import api
from dashboard.views import home, insight, orders, payments, profile

app_name = "dashboard"
PAYMENTS = "dashboard/settings/payments/"

urlpatterns = [
    path("api/me", api.Me.as_view(), name="me"),
    path("api/organizations", api.Organizations.as_view(), name="organizations"),
    path("api/orders/<str:code>", api.ShowOrder.as_view(), name="order"),
    path("dashboard/", home.home, name="home"),
    path("dashboard/orders/<str:code>/", orders.order, name="order-detail"),
    path("dashboard/insight/", insight.insight, name="insight"),
    path("dashboard/insight/insight.csv", insight.export, name="insight-export"),
    path("dashboard/settings/profile/", profile.profile, name="profile"),
    path(PAYMENTS, payments.payments, name="payments"),
    path(f"{PAYMENTS}connect/", payments.connect_stripe, name="payments-connect"),
    path(f"{PAYMENTS}stripe/", payments.stripe_dashboard, name="payments-stripe"),
    path(f"{PAYMENTS}fees/", payments.choose_fees, name="payments-fees"),
    path(f"{PAYMENTS}schedule/", payments.choose_schedule, name="payments-schedule"),
    path(f"{PAYMENTS}return/", payments.stripe_return, name="payments-return"),
    path(f"{PAYMENTS}refresh/", payments.stripe_refresh, name="payments-refresh"),
    path(f"{PAYMENTS}disconnect/", payments.disconnect, name="payments-disconnect"),
]
