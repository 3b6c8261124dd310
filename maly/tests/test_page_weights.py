"""What the public pages weigh on the way to a visitor: compressed bytes, and how many files a browser asks for."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from accounts.models import Organization
from ticketing.models import Event
from ticketing.tests.factories import EventFactory, TicketTypeFactory

KIB = 1024
# HTML, style sheets, scripts and fonts, compressed as they are sent.
LARGEST = {"html": 12 * KIB, "css": 10 * KIB, "js": 16 * KIB, "woff2": 20 * KIB}
MOST_FILES = 8
LOADED = re.compile(
    r'<(?:link rel="(?:stylesheet|preload|icon)" |script type="module" )(?:href|src)="/static/([^"]+)"'
)


@pytest.fixture
def event(organization: Organization) -> Event:
    """An event that says a lot: five ticket types, every text."""
    made = EventFactory(
        organization=organization,
        slug="night-market",
        description="\n\n".join(
            f"## Kitchen {number}\n\nSix *kitchens*, two stages." for number in range(30)
        ),
        accessibility="Step-free entry. " * 20,
        refund_policy="Full refund until a week before. " * 10,
        address="14 Quay Street, Bristol BS1 4AA",
    )
    for number in range(5):
        TicketTypeFactory(event=made, name=f"Type {number}", description="Entry from seven. " * 5)
    EventFactory.create_batch(15, organization=organization)
    return made


@pytest.mark.parametrize("path", ["/", "/?q=market", "/e/night-market/"])
def test_a_public_page_is_light(client: Client, event: Event, path: str) -> None:
    page = client.get(path, follow=True).content
    files = {name: Path(str(finders.find(name))).read_bytes() for name in LOADED.findall(page.decode())}
    assert len(files) == len(LOADED.findall(page.decode()))  # nothing is asked for twice
    weights = {"html": len(gzip.compress(page))}
    for name, content in files.items():
        kind = name.rpartition(".")[2]
        weights[kind] = weights.get(kind, 0) + len(content if kind == "woff2" else gzip.compress(content))
    assert {"css", "js", "woff2"} <= weights.keys()
    assert {kind: size for kind, size in weights.items() if size > LARGEST.get(kind, KIB)} == {}
    if (
        path != "/" and "q=" not in path
    ):  # a list has a cover for each event, the lower ones when they come into sight
        assert len(files) + 2 <= MOST_FILES  # with the page itself and the cover
