"""POST /api/payments/…: what a client gets, what is refused, and that nothing bad leaves anything behind."""

import json

import pytest
from django.utils import timezone

from connect.models import ConnectedAccount
from ticketing.models import Event, Order, Payment, TicketType
from ticketing.services.offers import Item, names_of
from ticketing.services.ticket_types import MOST_PER_ORDER
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db
QUOTE, CREATE = "/api/payments/quote", "/api/payments/create-checkout-session"


@pytest.fixture
def cart(event, general):
    return {
        "event": event.slug,
        "items": [{"ticket_type": general.public_id, "quantity": 2}],
        "email": "Ada@Example.com",
        "name": "Ada Obi",
    }


@pytest.fixture
def post(api):
    def send(path, body, *, user=None, **headers):
        client = api(user)
        client.raise_request_exception = False  # a 502 is an answer here
        return client.post(path, json.dumps(body), content_type="application/json", headers=headers)

    return send


def code_of(answer):
    return answer.json()["errors"][0]["code"]


BREAKDOWN = {
    "platform_fee_percent": "4",
    "platform_fee_fixed": 75,
    "platform_fee_total": 550,
    "per_item_fees": [
        {
            "ticket_type_name": "General admission",
            "quantity": 2,
            "unit_price": 5000,
            "fee_per_ticket": 275,
            "fee_subtotal": 550,
        }
    ],
}
AMOUNTS = {
    "subtotal_amount": 10000,
    "platform_fee": 550,
    "processing_fee": 320,
    "service_fee_amount": 0,
    "total_amount": 10000,
    "currency": "usd",
    "fee_absorption": "absorb",
    "fee_breakdown": BREAKDOWN,
}


def test_a_quote_says_what_it_would_cost_and_holds_nothing(post, cart):
    answer = post(QUOTE, {"event": cart["event"], "items": cart["items"]})
    assert (answer.status_code, answer.json()) == (200, AMOUNTS)
    assert not Order.objects.exists()


def test_a_guest_starts_a_checkout(post, cart):
    answer = post(CREATE, cart)
    order, payment = Order.objects.get(), Payment.objects.get()
    assert answer.status_code == 201
    body = answer.json()
    assert body["order"] == {
        "code": order.code,
        "key": order.key,
        "url": f"http://testserver/o/{order.code}/?key={order.key}",
    }
    assert (body["session_id"], body["url"]) == (payment.session_id, payment.session_url)
    assert timezone.datetime.fromisoformat(body["expires_at"]) == payment.expires_at
    assert {name: body[name] for name in AMOUNTS} == AMOUNTS
    assert (order.email, order.name, order.user) == ("ada@example.com", "Ada Obi", None)
    assert "acct_" not in answer.content.decode()


def test_a_signed_in_buyer_needs_to_say_neither_email_nor_name(post, cart, buyer):
    answer = post(CREATE, {"event": cart["event"], "items": cart["items"]}, user=buyer)
    assert answer.status_code == 201
    order = Order.objects.get()
    assert (order.email, order.name, order.user) == (buyer.email, "Ada Obi", buyer)


def test_a_free_order_is_answered_with_its_page(post, cart, event):
    free = TicketTypeFactory(event=event, price_amount=0)
    cart["items"] = [{"ticket_type": free.public_id, "quantity": 1}]
    body = post(CREATE, cart).json()
    assert (body["session_id"], body["expires_at"], body["total_amount"]) == (None, None, 0)
    assert body["url"] == body["order"]["url"]
    assert Order.objects.get().status == "paid"


@pytest.mark.parametrize("missing", ["email", "name"])
def test_a_guest_must_say_who_it_is(missing, post, cart):
    del cart[missing]
    answer = post(CREATE, cart)
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, missing)
    assert not Order.objects.exists()


HUGE = 10**30


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"event": "no-such-event"}, 404),
        ({"event": None}, 400),
        ({"event": "a" * 500}, 400),
        ({"event": "nul\x00"}, 400),
        ({"event": {"slug": "x"}}, 400),
        ({"items": []}, 400),
        ({"items": None}, 400),
        ({"items": "2"}, 400),
        ({"items": [1]}, 400),
        ({"items": [{}]}, 400),
        ({"items": [{"ticket_type": "nope", "quantity": 1}]}, 404),
        ({"items": [{"ticket_type": "TYPE", "quantity": 0}]}, 400),
        ({"items": [{"ticket_type": "TYPE", "quantity": -3}]}, 400),
        ({"items": [{"ticket_type": "TYPE", "quantity": 11}]}, 400),
        ({"items": [{"ticket_type": "TYPE", "quantity": HUGE}]}, 400),
        ({"items": [{"ticket_type": "TYPE", "quantity": 1.5}]}, 400),
        ({"items": [{"ticket_type": "TYPE", "quantity": "many"}]}, 400),
        ({"items": [{"ticket_type": "TYPE", "quantity": None}]}, 400),
        ({"items": [{"ticket_type": "TYPE", "quantity": 1}] * 51}, 400),
        ({"email": "not an address"}, 400),
        ({"email": "a" * 300 + "@example.com"}, 400),
        ({"email": ""}, 400),
        ({"name": "x" * 151}, 400),
        ({"name": "nul\x00"}, 400),
        ({"name": "half a pair \ud800"}, 400),
        ({"name": ["Ada"]}, 400),
    ],
)
def test_bad_input_has_a_clear_answer_and_leaves_nothing_behind(change, status, post, cart, general):
    text = json.dumps(cart | change).replace('"TYPE"', f'"{general.public_id}"')
    answer = post(CREATE, json.loads(text), **{"Idempotency-Key": "one"})
    assert answer.status_code == status, answer.content
    assert set(answer.json()["errors"][0]) == {"code", "detail", "attr"}
    general.refresh_from_db()
    assert (general.held, Order.objects.count(), Payment.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"items": NaN}',
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
@pytest.mark.parametrize("path", [QUOTE, CREATE])
def test_a_body_that_is_no_request(body, path, api):
    assert api().post(path, body, content_type="application/json").status_code == 400


@pytest.mark.parametrize("path", [QUOTE, CREATE])
def test_other_methods_and_other_media_are_refused(path, api):
    assert api().get(path).status_code == 405
    assert api().put(path).status_code == 405
    assert api().post(path, {"event": "x"}).status_code == 415


def refuse(kind, event):
    if kind == "paused":
        event.status = "paused"
        event.save()
    elif kind == "none":
        ConnectedAccount.objects.all().delete()
    elif kind == "restricted":
        ConnectedAccount.objects.update(charges_enabled=False)
    elif kind == "later":
        TicketType.objects.update(sales_start=timezone.now() + timezone.timedelta(days=1))
    elif kind == "ended":
        TicketType.objects.update(sales_end=timezone.now() - timezone.timedelta(days=1))
    elif kind == "sold":
        TicketType.objects.update(sold=99)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("paused", "EVENT_NOT_ON_SALE"),
        ("none", "ORGANIZER_NOT_CONNECTED"),
        ("restricted", "ORGANIZER_ACCOUNT_RESTRICTED"),
        ("later", "SALES_NOT_STARTED"),
        ("ended", "SALES_ENDED"),
        ("sold", "TICKET_SOLD_OUT"),
    ],
)
def test_what_cant_be_sold_is_409_with_its_code(kind, code, post, cart, event):
    refuse(kind, event)
    answer = post(CREATE, cart)
    assert (answer.status_code, code_of(answer)) == (409, code)
    assert answer.json()["type"] == "client_error"
    assert not Order.objects.exists()


def test_the_words_of_sold_out_say_how_many_are_available(post, cart, event):
    refuse("sold", event)
    assert "Only 1 available" in post(CREATE, cart).json()["errors"][0]["detail"]


def test_drafts_are_404_for_the_public(post, cart, organizer):
    draft = TicketTypeFactory(event=EventFactory(status="draft"))
    cart |= {"event": draft.event.slug, "items": [{"ticket_type": draft.public_id, "quantity": 1}]}
    assert post(CREATE, cart).status_code == 404
    assert post(QUOTE, cart).status_code == 404


def test_the_same_key_gives_the_first_answer_again(post, cart):
    first = post(CREATE, cart, **{"Idempotency-Key": "one"})
    again = post(CREATE, cart, **{"Idempotency-Key": "one"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert Order.objects.count() == 1
    other = post(CREATE, cart | {"name": "Eve"}, **{"Idempotency-Key": "one"})
    assert (other.status_code, code_of(other)) == (409, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}])
def test_an_unreachable_stripe_is_502_and_the_retry_gets_that_one_session(headers, post, cart, sandbox):
    fault = {"method": "POST", "path": "/v1/checkout/sessions", "effect": "error_500", "times": 1}
    sandbox.control("POST", "/_sandbox/faults", fault)
    answer = post(CREATE, cart, **headers)
    assert (answer.status_code, code_of(answer)) == (502, "STRIPE_UNAVAILABLE")
    assert post(CREATE, cart, **headers).status_code == 201
    assert Order.objects.count() == 1


def test_the_checkout_is_throttled_with_a_time_to_wait(post, cart, settings):
    settings.THROTTLES = {**settings.THROTTLES, "checkout": "2/hour", "lookup": "1/hour"}
    assert [post(CREATE, cart).status_code for _ in range(3)] == [201, 201, 429]
    answer = post(CREATE, cart)
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert Order.objects.count() == 2
    assert [post(QUOTE, cart).status_code for _ in range(2)] == [200, 429]


def test_names_of_those_who_come_are_taken_where_the_event_asks(post, cart):
    TicketType.objects.update(price_amount=0)
    cart["items"][0]["attendee_names"] = ["Cy"]
    assert post(CREATE, {**cart, "email": "unasked@example.com"}).status_code == 201
    Event.objects.update(asks_attendee_names=True)
    assert post(CREATE, cart).status_code == 201
    unasked, asked = Order.objects.order_by("pk")
    names = [list(order.tickets.values_list("holder_name", flat=True)) for order in (unasked, asked)]
    assert names == [["Ada Obi", "Ada Obi"], ["Cy", "Ada Obi"]]
    cart["items"][0]["attendee_names"] = ["Cy", "Bo", "Ed"]
    answer = post(CREATE, {**cart, "email": "more@example.com"})
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "attendee_names")


def test_a_huge_quantity_is_refused_before_names_fill_the_memory(post, cart, general):
    Event.objects.update(asks_attendee_names=True)
    event = Event.objects.get(slug=cart["event"])
    assert len(names_of(event, Item(general.public_id, 10**6, ("Cy",)))) == MOST_PER_ORDER
    cart["items"][0]["quantity"] = 10**6
    for path in (QUOTE, CREATE):
        assert code_of(post(path, cart)) == "QUANTITY_OUT_OF_RANGE"
