"""Staff's pages about messages, beside the Django admin."""

from django.urls import path

from notifications.views import previews

urlpatterns = [
    path("", previews.previews, name="message-previews"),
    path("<slug:kind>/", previews.preview, name="message-preview"),
    path("<slug:kind>/html/", previews.preview_html, name="message-preview-html"),
]
