"""The door: who was let in when and where, and the links by which volunteers scan without an account."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.timezone import now

from maly.codes import make_code
from ticketing.models.sales import Event, Ticket


def make_public_id() -> str:
    return make_code(12).lower()


class DoorLink(models.Model):
    """A secret link that opens the check-in of one event until it expires; kept as a hash."""

    public_id = models.CharField(max_length=12, unique=True, default=make_public_id, editable=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="door_links")
    name = models.CharField(max_length=60, help_text="The door, as scans name it.")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["event", "-id"], name="door_link_of_event")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.revoked_at is None and self.expires_at > now()


class CheckIn(models.Model):
    """One entry through the door, by a member or a door link. Taken back within seconds, or it stays for good."""

    public_id = models.CharField(max_length=12, unique=True, default=make_public_id, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="check_ins")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="check_ins")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    door = models.ForeignKey(
        DoorLink, null=True, blank=True, on_delete=models.PROTECT, related_name="check_ins"
    )
    gate = models.CharField(max_length=150, help_text="The door's name, or the member's, at the time.")
    device_id = models.CharField(max_length=64, blank=True)
    nonce = models.CharField(
        max_length=128, blank=True, help_text="The scan's own name: sent again it is the same entry."
    )
    scanned_at = models.DateTimeField(help_text="By the device's clock.")
    # By the database's clock, so that it compares with the ticket's cancelled_at.
    recorded_at = models.DateTimeField(db_default=Now())
    override_reason = models.CharField(
        max_length=200, blank=True, help_text="Why somebody already in was let in again."
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                condition=Q(undone_at__isnull=True, override_reason=""),
                name="check_in_of_ticket_once",
            ),
            models.UniqueConstraint(
                fields=["ticket", "nonce"], condition=~Q(nonce=""), name="check_in_scan_once"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True, door__isnull=False) | Q(user__isnull=False, door__isnull=True),
                name="check_in_by_member_or_door",
            ),
        ]
        indexes = [models.Index(fields=["event", "-id"], name="check_in_of_event")]

    def __str__(self) -> str:
        return self.public_id
