"""QR texts: what we signed verifies, and nothing else does."""

import io
import random

import pytest
import zxingcpp
from PIL import Image

from ticketing.errors import TicketNotValid
from ticketing.models import Ticket
from ticketing.services.signing import sign_ticket, verify_ticket
from ticketing.services.tickets import make_qr, qr_png, qr_svg
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    ticket_type = TicketTypeFactory()
    return Ticket(code="7K4Q9XZ2MB", event=ticket_type.event, ticket_type=ticket_type, generation=1)


def test_a_signed_ticket_verifies_and_says_what_it_is(ticket):
    text = sign_ticket(ticket)
    version, kid, payload, signature = text.split(".")
    assert (version, len(kid), len(payload), len(signature)) == ("v1", 8, 51, 86)
    claim = verify_ticket(text, ticket.event)
    assert (claim.code, claim.event_id) == ("7K4Q9XZ2MB", ticket.event.public_id)
    assert (claim.ticket_type_id, claim.generation) == (ticket.ticket_type.public_id, 1)
    assert sign_ticket(ticket) == text, "Ed25519 signs the same text the same way"


def test_a_ticket_of_another_event_isnt_valid(ticket):
    with pytest.raises(TicketNotValid):
        verify_ticket(sign_ticket(ticket), EventFactory())


def test_another_master_key_signs_otherwise(ticket, settings):
    from ticketing.services import signing

    text = sign_ticket(ticket)
    settings.TICKET_SIGNING_KEY = "11" * 32
    signing._event_key.cache_clear()
    with pytest.raises(TicketNotValid):
        verify_ticket(text, ticket.event)
    signing._event_key.cache_clear()


def test_a_new_generation_is_another_text(ticket):
    old = sign_ticket(ticket)
    ticket.generation = 2
    assert sign_ticket(ticket) != old
    assert verify_ticket(sign_ticket(ticket), ticket.event).generation == 2


def test_no_change_of_any_character_verifies(ticket):
    text = sign_ticket(ticket)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    chance = random.Random(7)
    for place in range(len(text)):
        other = chance.choice([letter for letter in letters if letter != text[place]])
        with pytest.raises(TicketNotValid):
            verify_ticket(text[:place] + other + text[place + 1 :], ticket.event)


@pytest.mark.parametrize(
    "text",
    ["", "7K4Q9XZ2MB", "v1..", "v1.a.b.c", "v1.a.b.c.d", "é.é.é.é", "v1.\ud800.a.b", "v2" + "x" * 5000],
)
def test_what_is_no_ticket_is_refused(text, ticket):
    with pytest.raises(TicketNotValid):
        verify_ticket(text, ticket.event)


def test_the_picture_holds_the_text(ticket):
    text = sign_ticket(ticket)
    picture = Image.open(io.BytesIO(qr_png(text)))
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == text
    assert make_qr(text).designator == "8-M", "coarse enough for any phone's screen"


def test_the_svg_has_neither_style_nor_script(ticket):
    svg = qr_svg(sign_ticket(ticket))
    assert svg.startswith("<svg")
    assert 'class="qr"' in svg
    assert "style" not in svg
    assert "<script" not in svg
