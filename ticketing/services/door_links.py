"""Door links: a volunteer's way to the check-in of one event, without an account, for as long as it is open."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User, make_secret
from accounts.services import audit
from accounts.services.tokens import hash_key
from maly.errors import Invalid, NotFound
from ticketing.models import DoorLink, Event

OPEN_AFTER_END = timedelta(hours=6)
LONGEST_AFTER_END = timedelta(days=7)
LONGEST_NAME = 60


def create_door_link(
    event: Event, *, actor: User, name: str, expires_at: datetime | None = None
) -> tuple[DoorLink, str]:
    """Make a link for a door; its token comes back this once and is stored nowhere.

    It ends six hours after the event unless `expires_at` says otherwise. Raises Invalid.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(
            _("Name the door, in at most %(most)s characters.") % {"most": LONGEST_NAME}, attr="name"
        )
    expires_at = expires_at or event.ends_at + OPEN_AFTER_END
    if expires_at <= timezone.now():
        raise Invalid(_("Choose an end that is still to come."), attr="expires_at")
    if expires_at > max(event.ends_at, timezone.now()) + LONGEST_AFTER_END:
        raise Invalid(_("A door link ends at most 7 days after its event."), attr="expires_at")
    token = make_secret()
    with transaction.atomic():
        link = DoorLink.objects.create(
            event=event, name=name, token_hash=hash_key(token), created_by=actor, expires_at=expires_at
        )
        _audit("door_link.created", link, actor)
    return link, token


def revoke_door_link(event: Event, *, actor: User, public_id: str) -> DoorLink:
    """End a link at once; doing it again changes nothing. Raises NotFound for another event's."""
    with transaction.atomic():
        link = DoorLink.objects.select_for_update().filter(event=event, public_id=public_id).first()
        if link is None:
            raise NotFound
        if link.revoked_at is None:
            link.revoked_at = timezone.now()
            link.save(update_fields=["revoked_at"])
            _audit("door_link.revoked", link, actor)
    return link


def find_door_link(token: str) -> DoorLink | None:
    """The link with this token, open or not, with its event and organization; None for every other text."""
    return DoorLink.objects.select_related("event__organization").filter(token_hash=hash_key(token)).first()


def _audit(action: str, link: DoorLink, actor: User) -> None:
    audit.record(
        action,
        organization=link.event.organization,
        subject=f"event:{link.event.slug}"[:80],
        actor=actor,
        after={"door": link.name, "expires_at": link.expires_at.isoformat()},
    )
