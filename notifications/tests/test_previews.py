"""Staff look at every message; nobody else does."""

import re

import pytest
from django.test import Client

from accounts.models import Organization, User
from notifications.models import Message
from notifications.services.previews import preview_kinds, preview_message

LEFT_OVER = re.compile(r"%\(|\{\{|\{%|\bNone\b|<Order|object at 0x")
pytestmark = pytest.mark.django_db
SEVEN = {
    "stripe_connected",
    "stripe_restricted",
    "ticket_confirmation",
    "new_ticket_sale",
    "refund_confirmation",
    "payout_sent",
    "payout_failed",
}


def test_every_kind_has_its_page_with_a_sample_that_leaves_nothing_behind(staff: User) -> None:
    client = Client()
    client.force_login(staff)
    index = client.get("/staff/messages/").content.decode()
    assert set(preview_kinds()) > SEVEN
    for kind in preview_kinds():
        assert f"/staff/messages/{kind}/" in index
        preview = preview_message(kind)
        assert preview.source in ("example", "sample"), kind
        assert "<h1" in preview.html, kind
        assert 'style="display:none' in preview.html, kind
        for part in (preview.subject, preview.text, preview.html):
            assert part.strip(), kind
            assert not LEFT_OVER.search(part), (kind, LEFT_OVER.search(part))
    assert not Organization.objects.filter(name="Harbour Arts").exists()
    page = client.get("/staff/messages/ticket_confirmation/")
    assert b"never sent; shown with the newest" in page.content
    framed = client.get("/staff/messages/ticket_confirmation/html/")
    assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "script-src 'none'" in framed.headers["Content-Security-Policy"]
    assert b"data:image/png;base64," in framed.content
    assert client.get("/staff/messages/no-such-kind/").status_code == 404


def test_a_kind_is_shown_as_it_was_sent_last_unless_that_is_somebodys_own(staff: User) -> None:
    Message.objects.create(key="1", kind="find_tickets", to="a@example.org", ids={"email": "a@example.org"})
    assert "a@example.org" not in preview_message("find_tickets").text
    Message.objects.create(key="2", kind="ticket_confirmation", to="a@example.org", ids={"order": 0})
    assert preview_message("ticket_confirmation").source == "example"  # what that was about is gone


def test_nobody_else_sees_them(organizer: User, buyer: User) -> None:
    for user in (organizer, buyer):
        client = Client()
        client.force_login(user)
        for path in ("", "ticket_confirmation/", "ticket_confirmation/html/"):
            assert client.get(f"/staff/messages/{path}").status_code == 404
    assert Client().get("/staff/messages/").status_code in (302, 404)
