"""Addresses of premium: its pages and its API."""

from django.urls import include, path

app_name = "premium"

urlpatterns = [
    path("", include("premium.api_urls")),
    path("", include("premium.page_urls")),
]
