"""The outbox: what has to be told to whom, written in the transaction that made it true."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership


class Delivered(models.TextChoices):
    """What the provider heard of a mail that it took, in the order in which one replaces another."""

    DELAYED = "delayed", "Delayed"
    DELIVERED = "delivered", "Delivered"
    BOUNCED = "bounced", "Not delivered"
    COMPLAINED = "complained", "Marked as spam"


class PushSubscription(models.Model):
    """A browser that asked to be told of a topic: `order:12`, `user:3`, `member:7`."""

    endpoint = models.CharField(max_length=1000, help_text="Its push service's address for it; a secret.")
    topic = models.CharField(max_length=60)
    p256dh = models.CharField(max_length=100, help_text="The browser's public key.")
    auth = models.CharField(max_length=30, help_text="What it shares with us alone.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "endpoint"], name="push_subscription_once")]
        indexes = [models.Index(fields=["endpoint"], name="push_subscription_endpoint")]

    def __str__(self) -> str:
        return self.topic


class Message(models.Model):
    """One message to one recipient: template and ids, never rendered text. Unique by `key`."""

    class Channel(models.TextChoices):
        MAIL = "mail", "Email"
        PUSH = "push", "Push, to whoever asked"
        BROWSER = "browser", "Push, to one browser"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        DEAD = "dead", "Given up"

    key = models.CharField(max_length=120, unique=True, help_text="Such as ticket_confirmation:M-7K2QX4C.")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL, db_default=Channel.MAIL)
    kind = models.CharField(max_length=40)
    to = models.EmailField(blank=True, help_text="Empty for a push.")
    subscription = models.ForeignKey(PushSubscription, on_delete=models.SET_NULL, null=True, blank=True)
    ids = models.JSONField(default=dict, help_text="What the template loads by.")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=200, blank=True, help_text="The provider's name for it.")
    delivery = models.CharField(
        max_length=10,
        choices=Delivered,
        blank=True,
        default="",
        db_default="",
        help_text="What the provider's webhooks say.",
    )
    delivery_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "sent", "dead"]), name="message_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(channel="mail") ^ models.Q(to=""), name="message_mail_has_recipient"
            ),
            models.CheckConstraint(
                condition=models.Q(delivery__in=["", *Delivered.values]), name="message_delivery_known"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="queued"), name="message_due"),
            models.Index(fields=["kind"], condition=models.Q(state="dead"), name="message_given_up"),
            models.Index(
                fields=["provider_id"], condition=~models.Q(provider_id=""), name="message_provider_id"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class DeliveryEvent(models.Model):
    """One thing that a mail provider told of a message; the same event again is the same row."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="delivery_events")
    event_id = models.CharField(max_length=200, help_text="The provider's id, or a digest of what it said.")
    delivery = models.CharField(max_length=10, choices=Delivered)
    detail = models.TextField(blank=True, help_text="The receiving server's words.")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["occurred_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "event_id"], name="delivery_event_once"),
            models.CheckConstraint(
                condition=models.Q(delivery__in=Delivered.values), name="delivery_event_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message}: {self.delivery}"


class SalesMail(models.TextChoices):
    """How a member hears of sales."""

    EACH = "each", _("An email for each order")
    DAILY = "daily", _("One email a day")
    NEVER = "never", _("No emails")


class MailChoice(models.Model):
    """What a member has chosen to be told; without a row owners and admins hear of each sale, others of none."""

    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, related_name="mail_choice")
    sales = models.CharField(max_length=5, choices=SalesMail)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(sales__in=SalesMail.values), name="mail_choice_known")
        ]

    def __str__(self) -> str:
        return f"{self.membership}: {self.sales}"


class MailboxMail(models.Model):
    """A mail that the demo kept instead of sending."""

    to = models.JSONField()
    subject = models.TextField()
    kind = models.CharField(max_length=40, blank=True)
    text = models.TextField()
    html = models.TextField(blank=True)
    message_id = models.CharField(max_length=200, blank=True)
    attachments = models.JSONField(default=list, help_text="[{name, type, content (base64)}]")
    sent_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.subject
