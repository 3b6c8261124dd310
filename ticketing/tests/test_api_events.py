"""Events and ticket types by the API: the public list and page, and what which member may make of them."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from connect.models import ConnectedAccount, FeeAbsorption
from ticketing.models import Event, TicketType
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db
NEW = {
    "title": "Seed Swap & Soup",
    "starts_at": "2030-03-01T18:00:00",
    "ends_at": "2030-03-02T02:00:00+00:00",
    "timezone": "America/New_York",
}
NEW_TYPE = {"name": "General", "price_amount": 2500, "capacity": 50}


@pytest.fixture
def send(api):
    def call(method, path, body=None, *, user=None, **headers):
        client = api(user)
        return client.generic(
            method, path, json.dumps(body or {}), content_type="application/json", headers=headers
        )

    return call


def code_of(answer):
    return answer.json()["errors"][0]["code"]


# --- public


def test_the_list_shows_what_is_to_come_soonest_first(event, general, api):
    soon = EventFactory(title="Soon", starts_at=timezone.now() + timedelta(days=1))
    paused = EventFactory(status="paused", starts_at=timezone.now() + timedelta(days=90))
    for status in ("draft", "cancelled"):
        EventFactory(status=status)
    EventFactory(starts_at=timezone.now() - timedelta(days=2))
    page = api().get("/api/events").json()
    assert [each["slug"] for each in page["results"]] == [soon.slug, event.slug, paused.slug]
    assert set(page) == {"next", "previous", "results"}


def test_the_list_takes_the_same_number_of_statements_for_any_number_of_a_sellers_events(
    event, general, api, django_assert_num_queries
):
    for _ in range(4):
        TicketTypeFactory(event=EventFactory(organization=event.organization))
    with django_assert_num_queries(3):
        assert len(api().get("/api/events").json()["results"]) == 5


def test_a_ticket_type_is_shown_at_its_all_in_price(event, general, api):
    event.fee_absorption = FeeAbsorption.PASS_TO_BUYER
    event.save()
    TicketTypeFactory(event=event, is_hidden=True)
    (shown,) = api().get(f"/api/events/{event.slug}").json()["ticket_types"]
    expected = {
        "id": general.public_id,
        "name": "General admission",
        "price_amount": 5000,
        "buyer_price_amount": 5458,
        "fee_amount": 458,
        "currency": "usd",
        "status": "on_sale",
        "available": 100,
        "payment_ready": True,
        "min_per_order": 1,
        "max_per_order": 10,
        "sales_start": None,
        "sales_end": None,
    }
    assert {name: shown[name] for name in expected} == expected


def test_the_status_of_a_ticket_type_follows_the_organizer(event, general, api):
    def shown():
        (ticket_type,) = api().get(f"/api/events/{event.slug}").json()["ticket_types"]
        return ticket_type["status"], ticket_type["payment_ready"]

    ConnectedAccount.objects.update(transfers_status="inactive")
    assert shown() == ("paused", False)
    ConnectedAccount.objects.all().delete()
    assert shown() == ("coming_soon", False)


def test_drafts_are_there_for_members_only(event, api, organizer, scanner, stranger):
    event.status = "draft"
    event.save()
    path = f"/api/events/{event.slug}"
    assert [api(who).get(path).status_code for who in (organizer, scanner, stranger, None)] == [
        200,
        200,
        404,
        404,
    ]


def test_markdown_comes_as_safe_html(event, api):
    event.description = "# Come\n<script>alert(1)</script> **now**"
    event.save()
    html = api().get(f"/api/events/{event.slug}").json()["description_html"]
    assert "<h3>Come</h3>" in html
    assert "<strong>now</strong>" in html
    assert "<script" not in html


# --- members


def test_a_manager_makes_publishes_pauses_and_changes_an_event(organization, manager, send):
    made = send("POST", "/api/organizations/harbour-arts/events", NEW, user=manager)
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["slug"], body["status"], body["currency"]) == ("seed-swap-soup", "draft", "usd")
    assert body["starts_at"] == "2030-03-01T23:00:00Z", "without a zone it is in the event's own"
    path = f"/api/events/{body['slug']}"
    assert code_of(send("POST", f"{path}/publish", user=manager)) == "EVENT_NOT_READY"
    ticket_type = send("POST", f"{path}/ticket-types", NEW_TYPE, user=manager)
    assert ticket_type.status_code == 201
    changed = send("PATCH", f"{path}/ticket-types/{ticket_type.json()['id']}", {"capacity": 60}, user=manager)
    assert (changed.status_code, changed.json()["available"], changed.json()["price_amount"]) == (
        200,
        60,
        2500,
    )
    assert send("POST", f"{path}/publish", user=manager).json()["status"] == "published"
    for is_stopped in (True, False):
        one = send(
            "PATCH",
            f"{path}/ticket-types/{ticket_type.json()['id']}",
            {"is_stopped": is_stopped},
            user=manager,
        )
        assert bool(one.json()["stopped_at"]) is is_stopped, one.content
    assert send("POST", f"{path}/pause", user=manager).json()["status"] == "paused"
    assert send("POST", f"{path}/publish", user=manager).json()["status"] == "published"
    renamed = send("PATCH", path, {"title": "Seed Swap", "capacity": 40}, user=manager)
    assert (renamed.json()["title"], renamed.json()["slug"], renamed.json()["capacity"]) == (
        "Seed Swap",
        "seed-swap-soup",
        40,
    )


ROLES = ["organizer", "admin", "manager", "scanner", "stranger", "nobody"]
CALLS = [
    ("POST", "/api/organizations/harbour-arts/events", NEW, [201, 201, 201, 403, 404, 401]),
    ("PATCH", "/api/events/night-market", {"title": "New"}, [200, 200, 200, 403, 404, 401]),
    ("POST", "/api/events/night-market/publish", {}, [200, 200, 200, 403, 404, 401]),
    ("POST", "/api/events/night-market/pause", {}, [200, 200, 200, 403, 404, 401]),
    ("POST", "/api/events/night-market/cancel", {}, [200, 200, 403, 403, 404, 401]),
    ("POST", "/api/events/night-market/ticket-types", NEW_TYPE, [201, 201, 201, 403, 404, 401]),
    ("PATCH", "/api/events/night-market/ticket-types/TYPE", {"name": "N"}, [200, 200, 200, 403, 404, 401]),
]


@pytest.mark.parametrize("role", ROLES)
def test_who_may_do_what(role, event, general, send, organizer, manager, scanner, stranger):
    from accounts.tests.factories import MembershipFactory

    admin = MembershipFactory(organization=event.organization, role="ADMIN").user
    people = [organizer, admin, manager, scanner, stranger, None]
    user = people[ROLES.index(role)]
    for method, path, body, expected in CALLS:
        answer = send(method, path.replace("TYPE", general.public_id), body, user=user)
        assert answer.status_code == expected[ROLES.index(role)], (method, path, answer.content)
        Event.objects.update(status="published")


def test_another_tenants_event_answers_as_a_missing_one(event, send, stranger):
    foreign = send("PATCH", f"/api/events/{event.slug}", {"title": "Mine"}, user=stranger)
    missing = send("PATCH", "/api/events/no-such-event", {"title": "Mine"}, user=stranger)
    assert (foreign.status_code, foreign.content) == (404, missing.content)


def test_a_ticket_type_of_another_event_isnt_there(event, send, manager):
    other = TicketTypeFactory()
    answer = send(
        "PATCH", f"/api/events/{event.slug}/ticket-types/{other.public_id}", {"name": "x"}, user=manager
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": None}, "title"),
        ({"title": "nul\x00"}, "title"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-12:00"}, "starts_at"),
        ({"ends_at": "2030-03-01T17:00:00-05:00"}, "ends_at"),
        ({"ends_at": "0001-01-01T00:00:00+14:00"}, "ends_at"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"currency": "xxx"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"fee_absorption": "nobody"}, "fee_absorption"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": 10**12}, "capacity"),
        ({"capacity": "lots"}, "capacity"),
        ({"description": "x" * 20_001}, "description"),
        ({"venue_name": "x" * 121}, "venue_name"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(change, attr, organization, organizer, send):
    answer = send("POST", "/api/organizations/harbour-arts/events", NEW | change, user=organizer)
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, attr), answer.content
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"price_amount": -1}, "price_amount"),
        ({"price_amount": 10**10}, "price_amount"),
        ({"price_amount": 50}, "price_amount"),
        ({"price_amount": 12.5}, "price_amount"),
        ({"price_amount": None}, "price_amount"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": 2**31}, "capacity"),
        ({"min_per_order": 0}, "min_per_order"),
        ({"min_per_order": 5, "max_per_order": 4}, "max_per_order"),
        ({"max_per_order": 1000}, "max_per_order"),
        ({"sales_start": "2030-01-02T00:00Z", "sales_end": "2030-01-01T00:00Z"}, "sales_end"),
        ({"sales_start": "9999-12-31T23:59:59-12:00"}, "sales_start"),
        ({"is_hidden": "perhaps"}, "is_hidden"),
    ],
)
def test_a_wrong_field_of_a_ticket_type_is_named(change, attr, event, organizer, send):
    answer = send("POST", f"/api/events/{event.slug}/ticket-types", NEW_TYPE | change, user=organizer)
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, attr), answer.content
    assert not TicketType.objects.exists()


def test_a_price_below_its_fees_says_the_lowest_price(event, organizer, send):
    answer = send(
        "POST", f"/api/events/{event.slug}/ticket-types", NEW_TYPE | {"price_amount": 60}, user=organizer
    )
    assert code_of(answer) == "PRICE_BELOW_MINIMUM"
    assert "must be at least $" in answer.json()["errors"][0]["detail"]


def test_a_capacity_below_what_is_sold_is_refused(event, general, organizer, send, buy):
    buy((general, 3))
    path = f"/api/events/{event.slug}"
    for answer in (
        send("PATCH", f"{path}/ticket-types/{general.public_id}", {"capacity": 2}, user=organizer),
        send("PATCH", path, {"capacity": 2}, user=organizer),
    ):
        assert (answer.status_code, code_of(answer)) == (409, "CAPACITY_BELOW_SOLD")


def test_the_same_key_makes_one_event(organization, organizer, send):
    path = "/api/organizations/harbour-arts/events"
    slugs = [
        send("POST", path, NEW, user=organizer, **{"Idempotency-Key": "k"}).json()["slug"] for _ in range(2)
    ]
    assert slugs == ["seed-swap-soup"] * 2
    assert send("POST", path, NEW, user=organizer).json()["slug"] == "seed-swap-soup-2"
