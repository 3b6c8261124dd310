"""Events: made as drafts, published, paused. `cancellations` ends them; amounts and fees are their ticket types'."""

import zoneinfo
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone as clock
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Organization, User
from accounts.services import audit
from connect.models import FeeAbsorption
from connect.selectors import get_terms
from connect.services.fees import check_price
from maly.codes import make_code
from maly.errors import Invalid
from maly.money import CURRENCIES
from ticketing.errors import (
    AddressTaken,
    CapacityBelowSold,
    CurrencyFixed,
    EventCancelled,
    EventNotOnSale,
    EventNotReady,
)
from ticketing.models import Event
from ticketing.services.accents import check_accent
from ticketing.services.addresses import RESERVED, refuse_former
from ticketing.services.cover_images import prepare_cover
from ticketing.services.event_dates import leave_date_open
from ticketing.services.event_news import tell_of_change
from ticketing.services.sales import fee_absorption_of

FIELDS = (
    "title",
    "starts_at",
    "ends_at",
    "doors_at",
    "timezone",
    "venue_name",
    "address",
    "description",
    "accessibility",
    "refund_policy",
    "currency",
    "fee_absorption",
    "capacity",
    "cover_alt",
    "accent",
    "asks_attendee_names",
)
# What stands in the calendars of those who are coming.
IN_CALENDARS = ("title", "starts_at", "ends_at", "timezone", "venue_name", "address")
LATEST_YEAR = 2199
LARGEST_CAPACITY = 1_000_000
LONGEST = timedelta(days=366)


def create_event(
    organization: Organization, *, actor: User | None, draft_key: str = "", **fields: Any
) -> Event:
    """Make a draft of these fields (FIELDS); `starts_at`, `ends_at` without a zone are in the event's own.

    Without `starts_at` the date stays open until somebody chooses it. A `draft_key` that the organization has an
    event of answers with that event. Raises Invalid naming the field, and CurrencyNotSupported when the
    organization's plan has no terms.
    """
    event = Event(organization=organization, created_by=actor, draft_key=draft_key)
    _change(event, fields)
    _check(event)
    check_accent(event, had="")
    get_terms(organization, event.currency)
    for slug in _possible_slugs(event.title):
        event.slug = slug
        try:
            with transaction.atomic():
                event.save(force_insert=True)
                refuse_former(event)
        except (IntegrityError, AddressTaken):
            if made := find_made_event(organization, draft_key):
                return made
            event.pk = None
            continue
        return event
    raise Invalid(_("This title can't be made into an address. Choose another."), attr="title")


def find_made_event(organization: Organization, draft_key: str) -> Event | None:
    """The event that the form with this key has made already."""
    return Event.objects.filter(organization=organization, draft_key=draft_key).exclude(draft_key="").first()


def update_event(event: Event, *, actor: User | None, **fields: Any) -> Event:
    """Change the given fields; a change of who bears the fees touches new orders only and is audited.

    A draft's date is open again when `starts_at` is None.

    Raises Invalid, EventCancelled, CurrencyFixed, CapacityBelowSold, PriceBelowMinimum (a ticket that wouldn't cover
    its fees any more), PremiumRequired (a colour).
    """
    with transaction.atomic():
        event = lock_event(event)
        if event.status == Event.Status.CANCELLED:
            raise EventCancelled
        before = {"fee_absorption": event.fee_absorption, "currency": event.currency}
        accent = event.accent
        in_calendars = [getattr(event, name) for name in IN_CALENDARS]
        _change(event, fields)
        _check(event)
        check_accent(event, had=accent)
        _check_against_tickets(event, had=before)
        if in_calendars != [getattr(event, name) for name in IN_CALENDARS]:
            event.revision, event.revised_at = event.revision + 1, clock.now()
        event.save(update_fields=[*fields, "is_date_open", "revision", "revised_at"])
        tell_of_change(event, before=dict(zip(IN_CALENDARS, in_calendars, strict=True)))
        if event.fee_absorption != before["fee_absorption"]:
            _audit(
                event, "event.fee_absorption_changed", actor, before, {"fee_absorption": event.fee_absorption}
            )
    return event


def set_cover(event: Event, upload: File | None, *, alt: str = "") -> Event:
    """Put a photo on the event, or take it off; raises Invalid for what isn't one."""
    event.cover = prepare_cover(upload) if upload else ""
    event.cover_alt = alt
    event.save(update_fields=["cover", "cover_alt"])
    return event


def publish_event(event: Event, *, actor: User | None) -> Event:
    """Put a draft, or an event whose sales were paused, on sale. Safe to call twice.

    Raises EventCancelled, and EventNotReady for an event without ticket types, without a date or one that is over.
    """
    with transaction.atomic():
        event = lock_event(event)
        if event.status == Event.Status.CANCELLED:
            raise EventCancelled
        if event.status == Event.Status.PUBLISHED:
            return event
        if event.is_date_open:
            raise EventNotReady(_("Choose when the event starts before you publish it."))
        if event.has_ended:
            raise EventNotReady(_("The event is over. Change its dates before you publish it."))
        if not event.ticket_types.exists():
            raise EventNotReady
        event.published_at = event.published_at or clock.now()
        return change_status(event, Event.Status.PUBLISHED, actor)


def pause_event(event: Event, *, actor: User | None) -> Event:
    """Stop selling for now; orders under way may still be paid. Safe to call twice. Raises EventNotOnSale."""
    with transaction.atomic():
        event = lock_event(event)
        if event.status == Event.Status.PAUSED:
            return event
        if event.status != Event.Status.PUBLISHED:
            raise EventNotOnSale(_("Only an event that is on sale can be paused."))
        return change_status(event, Event.Status.PAUSED, actor)


def lock_event(event: Event) -> Event:
    """Lock an event for the caller's transaction; it waits for nobody who makes an order."""
    # No key is changed, so the foreign keys of orders that are being made needn't wait.
    return (
        Event.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organization")
        .get(pk=event.pk)
    )


def change_status(
    event: Event,
    status: Event.Status,
    actor: User | None,
    *,
    actor_kind: str | None = None,
    reason: str = "",
) -> Event:
    """Put a locked event into another status, and audit it, in the caller's transaction."""
    before = {"status": event.status}
    event.status = status
    event.save(update_fields=["status", "published_at", "cancelled_at"])
    _audit(
        event,
        f"event.{status.value}",
        actor,
        before,
        {"status": status.value},
        actor_kind=actor_kind,
        reason=reason,
    )
    return event


def _audit(
    event: Event,
    action: str,
    actor: User | None,
    before: dict[str, Any],
    after: dict[str, Any],
    *,
    actor_kind: str | None = None,
    reason: str = "",
) -> None:
    audit.record(
        action,
        organization=event.organization,
        subject=f"event:{event.slug}",
        actor=actor,
        actor_kind=actor_kind or (None if actor else "command"),
        before=before,
        after=after,
        reason=reason,
    )


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(FIELDS)
    assert not unknown, unknown
    return {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}


def _change(event: Event, fields: dict[str, Any]) -> None:
    """Set the given fields; without a start the date of a draft is open, and no other event's may be."""
    for name, value in _known(fields).items():
        setattr(event, name, value)
    if event.starts_at is not None:
        event.is_date_open = event.is_date_open and "starts_at" not in fields
        return
    if event.status != Event.Status.DRAFT:
        raise Invalid(_("Enter when the event starts."), attr="starts_at")
    if event.timezone:
        _zone(event.timezone)
    leave_date_open(event)


def _possible_slugs(title: str) -> list[str]:
    """The title's own address first, then with a number, then with random characters."""
    base = slugify(title)[:60].strip("-") or "event"
    base = f"{base}-event" if base in RESERVED else base
    return [
        base,
        *(f"{base}-{number}" for number in range(2, 10)),
        *(f"{base}-{make_code(6).lower()}" for _again in "ab"),
    ]


def _check(event: Event) -> None:
    """What one event can know of itself; raises Invalid. Makes its times aware in the event's own zone."""
    if not event.title:
        raise Invalid(_("Give the event a title."), attr="title")
    zone = _zone(event.timezone)
    event.starts_at = in_zone(event.starts_at, zone, attr="starts_at")
    event.ends_at = in_zone(event.ends_at, zone, attr="ends_at")
    if event.ends_at <= event.starts_at:
        raise Invalid(_("The event must end after it starts."), attr="ends_at")
    if event.ends_at - event.starts_at > LONGEST:
        raise Invalid(_("An event may last a year. Make several of a longer one."), attr="ends_at")
    if event.doors_at is not None:
        event.doors_at = in_zone(event.doors_at, zone, attr="doors_at")
        if event.doors_at > event.starts_at:
            raise Invalid(_("The doors must open before the event starts."), attr="doors_at")
    event.currency = event.currency.lower()
    if event.currency not in CURRENCIES:
        raise Invalid(_("Tickets can't be sold in this currency."), attr="currency")
    event.fee_absorption = event.fee_absorption or None
    if event.fee_absorption and event.fee_absorption not in FeeAbsorption.values:
        raise Invalid(_("Choose absorb or pass_to_buyer."), attr="fee_absorption")
    if event.capacity is not None and not 1 <= event.capacity <= LARGEST_CAPACITY:
        raise Invalid(
            _("The capacity must be between 1 and %(most)s.") % {"most": f"{LARGEST_CAPACITY:,}"},
            attr="capacity",
        )


@cache
def _known_zones() -> set[str]:
    """Every zone's name; looked up once, since Python reads a whole folder for them."""
    return zoneinfo.available_timezones()


def _zone(name: str) -> zoneinfo.ZoneInfo:
    if name not in _known_zones():
        raise Invalid(_("Choose a time zone such as Europe/London."), attr="timezone")
    return zoneinfo.ZoneInfo(name)


def in_zone(moment: datetime, zone: zoneinfo.ZoneInfo, *, attr: str) -> datetime:
    """The moment with a zone: its own, else the event's; raises Invalid where no database could keep it."""
    if not 2000 <= moment.year <= LATEST_YEAR:
        raise Invalid(_("This date is too far away."), attr=attr)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _check_against_tickets(event: Event, *, had: dict[str, Any]) -> None:
    """What the event's ticket types and sales forbid: another currency, too small a capacity, prices below fees."""
    if event.capacity is not None and event.capacity < event.held + event.sold:
        raise CapacityBelowSold(
            _("%(sold)s tickets are sold or held. The capacity can't be less.")
            % {"sold": event.held + event.sold}
        )
    has_moved = event.currency != had["currency"]
    if not has_moved and event.fee_absorption == had["fee_absorption"]:
        return
    if has_moved and event.ticket_types.exists():
        raise CurrencyFixed
    terms = get_terms(event.organization, event.currency)
    for price_amount in event.ticket_types.values_list("price_amount", flat=True):
        check_price(price_amount, terms, fee_absorption_of(event))
