"""The outbox: what has to be told to whom, written in the transaction that made it true."""

from django.db import models
from django.utils import timezone


class Message(models.Model):
    """One message to one recipient: template and ids, never rendered text. Unique by `key`."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        DEAD = "dead", "Given up"

    key = models.CharField(max_length=120, unique=True, help_text="Such as ticket_confirmation:M-7K2QX4C.")
    kind = models.CharField(max_length=40)
    to = models.EmailField()
    ids = models.JSONField(default=dict, help_text="What the template loads by.")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=120, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "sent", "dead"]), name="message_state_known"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="queued"), name="message_due"),
        ]

    def __str__(self) -> str:
        return self.key


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
