"""What people choose to be told, providers' webhooks, and the demo's mailbox, which is 404 in a real deployment."""

from django.urls import path

from notifications import push_api
from notifications.views import choices, deliveries, mailbox, push

urlpatterns = [
    path("account/notifications/", choices.mail_choices, name="mail-choices"),
    path("unsubscribe/<str:token>/", choices.unsubscribe, name="unsubscribe"),
    path("api/webhooks/mail", deliveries.mail_webhook, name="mail-webhook"),
    path("api/push-subscriptions", push_api.PushSubscriptions.as_view(), name="push-subscriptions"),
    path("push-worker.js", push.push_worker, name="push-worker"),
    path("dev/mailbox/", mailbox.mailbox, name="mailbox"),
    path("dev/mailbox.json", mailbox.mailbox_json, name="mailbox-json"),
    path("dev/mailbox/<int:mail_id>/", mailbox.mailbox_mail, name="mailbox-mail"),
    path("dev/mailbox/<int:mail_id>/html/", mailbox.mailbox_html, name="mailbox-html"),
    path(
        "dev/mailbox/<int:mail_id>/attachments/<int:index>/",
        mailbox.mailbox_attachment,
        name="mailbox-attachment",
    ),
]
