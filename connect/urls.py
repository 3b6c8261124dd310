"""Addresses of connect: Stripe's webhooks and the API of Stripe Connect."""

from django.urls import path

from connect import api, views
from connect.models import StripeEvent

app_name = "connect"

PLATFORM = {"endpoint": StripeEvent.Endpoint.PLATFORM}
CONNECT = {"endpoint": StripeEvent.Endpoint.CONNECT}

urlpatterns = [
    path("api/webhooks/stripe", views.stripe_webhook, PLATFORM, name="webhook"),
    path("api/webhooks/stripe/connect", views.stripe_webhook, CONNECT, name="webhook-connect"),
    path("api/webhooks/stripe-connect", views.stripe_webhook, CONNECT, name="webhook-connect-alias"),
    path("api/stripe/connect/create-account", api.CreateAccount.as_view(), name="create-account"),
    path(
        "api/stripe/connect/create-account-link", api.CreateAccountLink.as_view(), name="create-account-link"
    ),
    path("api/stripe/connect/dashboard-link", api.CreateDashboardLink.as_view(), name="dashboard-link"),
    path(
        "api/organizations/<slug:slug>/payment-status", api.ShowPaymentStatus.as_view(), name="payment-status"
    ),
    path("api/organizations/<slug:slug>/fees", api.Fees.as_view(), name="fees"),
    path(
        "api/organizations/<slug:slug>/fee-absorption",
        api.ChooseFeeAbsorption.as_view(),
        name="fee-absorption",
    ),
    path("api/organizations/<slug:slug>/disconnect", api.Disconnect.as_view(), name="disconnect"),
]
