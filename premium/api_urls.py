"""Addresses of premium's API."""

from django.urls import path

from premium import api

urlpatterns = [
    path("api/premium/create-checkout", api.CreateCheckout.as_view(), name="create-checkout"),
    path("api/premium/verify-checkout", api.VerifyCheckout.as_view(), name="verify-checkout"),
    path("api/premium/subscription", api.ShowSubscription.as_view(), name="subscription"),
    path("api/premium/portal", api.CreatePortalLink.as_view(), name="portal-link"),
    path("api/premium/cancel", api.Cancel.as_view(), name="api-cancel"),
    path("api/premium/resume", api.Resume.as_view(), name="api-resume"),
    path("api/premium/switch/preview", api.PreviewSwitch.as_view(), name="api-switch-preview"),
    path("api/premium/switch", api.Switch.as_view(), name="api-switch"),
]
