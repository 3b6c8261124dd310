"""The door of tonight's event: a few tickets, one guest already in, and a link that the demo prints."""

from pathlib import Path

from django.conf import settings

from maly.seed.orders import start
from maly.seed.people import People
from ticketing.access import Gatekeeper
from ticketing.links import door_url
from ticketing.models import Event
from ticketing.services.check_ins import Device, check_in
from ticketing.services.door_links import create_door_link, find_door_link

FILE = "door"


def open_door(people: People, event: Event) -> str:
    """Sell a few free tickets, let one guest in, and answer with the address of a door link that is open."""
    if not event.tickets.exists():
        for number, quantity in enumerate((4, 2, 1), start=90):
            start(event, (("Free entry", quantity),), number)
        first = event.tickets.order_by("pk")[0]
        check_in(event, keeper=Gatekeeper(user=people.scanner), text=first.code, device=Device(nonce="demo"))
    return door_url(_token(people, event))


def _token(people: People, event: Event) -> str:
    """The link's token; nobody but this demo's own folder keeps it, so that a restart needn't make another."""
    path: Path = settings.MALY_DATA_DIR / FILE
    token = path.read_text() if path.exists() else ""
    link = find_door_link(token) if token else None
    if link and link.event_id == event.pk and link.is_open:
        return token
    _link, token = create_door_link(event, actor=people.organizer, name="Main door")
    path.touch(mode=0o600)
    path.write_text(token)
    return token
