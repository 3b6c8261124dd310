"""The door by the API: the contract's answers, door links, and the list for devices."""

import json
from base64 import urlsafe_b64decode
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection
from django.utils import timezone

from ticketing.access import Gatekeeper
from ticketing.models import CheckIn, DoorLink, Event, Ticket
from ticketing.selectors import check_in_lists
from ticketing.services.check_ins import check_in
from ticketing.services.door_links import create_door_link, revoke_door_link
from ticketing.services.signing import sign_ticket
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tickets(event, buy):
    free = TicketTypeFactory(event=event, name="General admission", price_amount=0)
    return list(buy((free, 3)).order.tickets.select_related("event", "ticket_type"))


@pytest.fixture
def call(api, event):
    def send(method, path, body=None, *, user=None, token="", slug=event.slug):  # noqa: S107
        headers = {"authorization": f"Door {token}"} if token else {}
        return api(user).generic(
            method,
            f"/api/events/{slug}/{path}",
            json.dumps(body or {}),
            content_type="application/json",
            headers=headers,
        )

    return send


@pytest.fixture
def door(event, organizer):
    return create_door_link(event, actor=organizer, name="Door 2")


def code_of(answer):
    return answer.json()["errors"][0]["code"]


def test_the_answers_have_the_contracts_shape(tickets, call, scanner, door):
    body = {"code": sign_ticket(tickets[0]), "device_id": "phone", "scanned_at": "2026-11-01T19:00:00Z"}
    admitted = call("POST", "check-ins", body, token=door[1]).json()
    entry = CheckIn.objects.get()
    assert admitted == {
        "result": "admitted",
        "id": entry.public_id,
        "gate": "Door 2",
        "holder_name": "Ada Obi",
        "ticket_type": "General admission",
    }
    assert (entry.device_id, entry.scanned_at.isoformat()) == ("phone", "2026-11-01T19:00:00+00:00")
    already = call("POST", "check-ins", {"code": tickets[0].code}, user=scanner).json()
    assert already == admitted | {"result": "already_in", "first_scanned_at": "2026-11-01T19:00:00Z"}
    wrong = call("POST", "check-ins", {"code": "ZZZZZZZZZZ"}, user=scanner)
    assert (wrong.status_code, wrong.json()) == (
        200,
        {"result": "not_valid", "id": None, "reason": "Not found: no ticket of this event has this code"},
    )


def test_a_reason_lets_somebody_in_again_and_one_undoes_ones_own(tickets, call, scanner, manager):
    call("POST", "check-ins", {"code": tickets[0].code}, user=scanner)
    body = {"code": tickets[0].code, "override_reason": "Band lost"}
    again = call("POST", "check-ins", body, user=scanner).json()
    assert again["result"] == "admitted"
    assert call("DELETE", f"check-ins/{again['id']}", user=manager).status_code == 404
    for _ in range(2):
        assert call("DELETE", f"check-ins/{again['id']}", user=scanner).status_code == 204
    CheckIn.objects.update(recorded_at=timezone.now() - timedelta(seconds=11))
    first = CheckIn.objects.get(override_reason="")
    late = call("DELETE", f"check-ins/{first.public_id}", user=scanner)
    assert (late.status_code, code_of(late)) == (409, "UNDO_TOO_LATE")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": ""},
        {"code": "x" * 4297},
        {"code": "a\x00b"},
        {"code": ["a"]},
        {"code": "A", "scanned_at": "soon"},
        {"code": "A", "device_id": "x" * 65},
        {"code": "A", "override_reason": "x" * 201},
        {"code": "A", "nonce": {"a": 1}},
    ],
)
def test_what_is_no_scan_is_refused_and_writes_nothing(tickets, call, scanner, body):
    answer = call("POST", "check-ins", body, user=scanner)
    assert answer.status_code == 400
    assert not CheckIn.objects.exists()


def test_a_door_link_opens_its_own_event_while_it_is_open(event, tickets, call, door, organizer):
    link, token = door
    other = EventFactory(organization=event.organization)
    for slug in (other.slug, "no-such-event"):
        assert call("POST", "check-ins", {"code": "A"}, token=token, slug=slug).status_code == 404
        assert call("GET", "check-in-list", token=token, slug=slug).status_code == 404
    assert call("GET", "orders", token=token).status_code == 401
    assert call("GET", "check-in-list", token=token).status_code == 200
    for end in ("expire", "revoke"):
        if end == "expire":
            DoorLink.objects.update(expires_at=timezone.now())
        else:
            DoorLink.objects.update(expires_at=timezone.now() + timedelta(days=1))
            revoke_door_link(event, actor=organizer, public_id=link.public_id)
        ended = call("POST", "check-ins", {"code": tickets[0].code}, token=token)
        assert (ended.status_code, code_of(ended)) == (401, "authentication_failed")
    assert call("POST", "check-ins", {"code": "A"}, token="0" * 40).status_code == 401
    assert call("POST", "check-ins", {"code": "A"}, token="\x80").status_code == 401
    assert not CheckIn.objects.exists()


def test_an_entry_of_a_door_is_undone_by_that_door_alone(tickets, call, door, event, organizer, scanner):
    made = call("POST", "check-ins", {"code": tickets[0].code}, token=door[1]).json()
    _other, token = create_door_link(event, actor=organizer, name="Door 3")
    assert call("DELETE", f"check-ins/{made['id']}", token=token).status_code == 404
    assert call("DELETE", f"check-ins/{made['id']}", user=scanner).status_code == 404
    assert call("DELETE", f"check-ins/{made['id']}", token=door[1]).status_code == 204


def test_scans_are_counted_for_each_caller(settings, tickets, call, scanner, door):
    settings.THROTTLES = {**settings.THROTTLES, "door": "2/hour"}
    said = [call("POST", "check-ins", {"code": "A"}, token=door[1]).status_code for _ in range(3)]
    assert said == [200, 200, 429]
    assert call("POST", "check-ins", {"code": "A"}, user=scanner).status_code == 200


# --- the list


def test_the_list_has_what_a_device_needs_without_us(event, tickets, call, scanner):
    check_in(event, keeper=Gatekeeper(user=scanner), text=tickets[0].code)
    listed = call("GET", "check-in-list", user=scanner).json()
    assert (listed["event"], listed["event_status"]) == (event.slug, "published")
    assert (listed["checked_in"], listed["total"], listed["next"], listed["previous"]) == (1, 3, None, None)
    first, second, _third = listed["results"]
    entry = CheckIn.objects.get()
    assert first == {
        "code": tickets[0].code,
        "generation": 1,
        "status": "checked_in",
        "holder_name": "Ada Obi",
        "ticket_type": "General admission",
        "checked_in_at": entry.scanned_at.isoformat().replace("+00:00", "Z"),
        "gate": entry.gate,
    }
    assert (second["status"], second["checked_in_at"], second["gate"]) == ("valid", None, None)
    version, kid, payload, signature = sign_ticket(tickets[1]).split(".")
    assert kid == listed["kid"]
    key = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(listed["public_key"] + "="))
    key.verify(urlsafe_b64decode(signature + "=="), f"{version}.{kid}.{payload}".encode())


def is_quiet() -> bool:
    """Whether no transaction is open on the whole server, on which other tests run too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(s) = pg_snapshot_xmax(s) FROM pg_current_snapshot() AS s")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_later_list_has_what_has_changed_whatever_it_was(event, tickets, call, scanner):
    was_quiet = is_quiet()
    since = call("GET", "check-in-list", user=scanner).json()["since"]
    check_in(event, keeper=Gatekeeper(user=scanner), text=tickets[0].code)
    Ticket.objects.filter(pk=tickets[1].pk).update(holder_name="Noor Haddad")
    changed = call("GET", f"check-in-list?since={since}", user=scanner).json()
    listed = [(each["status"], each["holder_name"]) for each in changed["results"]]
    assert {("checked_in", "Ada Obi"), ("valid", "Noor Haddad")} <= set(listed)
    after = call("GET", f"check-in-list?since={changed['since']}", user=scanner).json()
    assert after["total"] == 3
    if was_quiet and is_quiet():  # else a list may repeat what was written while another transaction was open
        assert (len(listed), after["results"]) == (2, [])


def test_a_long_list_comes_in_pages(tickets, call, scanner, monkeypatch):
    monkeypatch.setattr(check_in_lists, "PAGE_SIZE", 2)
    first = call("GET", "check-in-list", user=scanner).json()
    assert len(first["results"]) == 2
    path = first["next"].partition("/check-in-list")[2]
    second = call("GET", f"check-in-list{path}", user=scanner).json()
    assert [each["code"] for each in second["results"]] == [tickets[2].code]
    assert (second["next"], second["since"]) == (None, first["since"])


@pytest.mark.parametrize("since", ["x", "-1", "1-2", "1-2-3-4", "9" * 19, "%00"])
def test_a_cursor_of_somebody_elses_making_is_refused(event, call, scanner, since):
    assert call("GET", f"check-in-list?since={since}", user=scanner).status_code == 400


def test_a_cursor_from_the_future_or_long_ago_gives_all(tickets, call, scanner):
    for since in ("9" * 18, "1", "0"):
        assert len(call("GET", f"check-in-list?since={since}", user=scanner).json()["results"]) == 3


def test_the_list_takes_the_same_number_of_statements_for_any_number_of_tickets(
    event, tickets, call, door, django_assert_num_queries
):
    for ticket in tickets[:2]:
        check_in(event, keeper=Gatekeeper(door=door[0]), text=ticket.code)
        with django_assert_num_queries(5):
            call("GET", "check-in-list", token=door[1])


def test_a_check_in_takes_the_same_few_statements_and_a_door_link_needs_no_session(
    tickets, call, door, django_assert_num_queries
):
    for _ in range(2):
        with django_assert_num_queries(8):
            call("POST", "check-ins", {"code": sign_ticket(tickets[0])}, token=door[1])


def test_a_draft_has_a_list_for_members_and_is_not_there_for_others(event, call, scanner, stranger):
    Event.objects.update(status="draft")
    assert call("GET", "check-in-list", user=scanner).status_code == 200
    assert call("GET", "check-in-list", user=stranger).status_code == 404
