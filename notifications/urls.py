"""The demo's mailbox; a real deployment sends its mail and answers 404 here."""

from django.urls import path

from notifications import views

urlpatterns = [
    path("dev/mailbox/", views.mailbox, name="mailbox"),
    path("dev/mailbox.json", views.mailbox_json, name="mailbox-json"),
    path("dev/mailbox/<int:mail_id>/", views.mailbox_mail, name="mailbox-mail"),
    path("dev/mailbox/<int:mail_id>/html/", views.mailbox_html, name="mailbox-html"),
    path(
        "dev/mailbox/<int:mail_id>/attachments/<int:index>/",
        views.mailbox_attachment,
        name="mailbox-attachment",
    ),
]
