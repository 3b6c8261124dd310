"""GET /api/orders/…, resume, and the organizer's list: who sees what of an order."""

import pytest

from ticketing.models import Order, Ticket
from ticketing.services.checkout import cancel_checkout
from ticketing.services.signing import verify_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(general, buy, pay, settle, buyer):
    """Paid, by a signed-in buyer."""
    start = buy((general, 2), user=buyer, email=buyer.email)
    pay(start.payment.session_id)
    settle()
    return Order.objects.get()


def path_of(order, key=""):
    return f"/api/orders/{order.code}" + (f"?key={key}" if key else "")


def test_the_buyer_sees_the_order_by_its_key(order, api, event):
    answer = api().get(path_of(order, order.key))
    body = answer.json()
    assert answer.status_code == 200
    assert (body["code"], body["status"], body["problem"]) == (order.code, "paid", None)
    assert (body["email"], body["name"]) == (order.email, "Ada Obi")
    assert body["event"]["slug"] == event.slug
    assert (body["subtotal_amount"], body["total_amount"], body["service_fee_amount"]) == (10000, 10000, 0)
    assert (body["platform_fee"], body["refunded_amount"], body["currency"]) == (550, 0, "usd")
    assert body["fee_breakdown"]["platform_fee_total"] == 550
    assert body["lines"][0]["quantity"] == 2
    assert len(body["tickets"]) == 2
    for shown, ticket in zip(body["tickets"], Ticket.objects.all(), strict=True):
        assert (shown["code"], shown["status"], shown["holder_name"]) == (ticket.code, "valid", "Ada Obi")
        assert verify_ticket(shown["qr"], event).code == ticket.code
    for hidden in ("application_fee_amount", "organizer_amount", "stripe_fee_amount", "trail"):
        assert hidden not in body


def test_a_member_sees_the_split_and_the_trail(order, api, manager):
    body = api(manager).get(path_of(order)).json()
    assert (body["platform_fee"], body["processing_fee"]) == (550, 320)
    assert (body["application_fee_amount"], body["organizer_amount"], body["stripe_fee_amount"]) == (
        870,
        9130,
        320,
    )
    assert {step["kind"]: step["amount"] for step in body["trail"]} == {
        "sale": 10000,
        "transfer": 10000,
        "application_fee": 870,
        "stripe_fee": 320,
    }


def test_who_may_open_an_order(order, api, organizer, manager, scanner, stranger, buyer):
    assert api(buyer).get(path_of(order)).status_code == 200
    assert api(organizer).get(path_of(order)).status_code == 200
    assert api(manager).get(path_of(order)).status_code == 200
    assert api(scanner).get(path_of(order)).status_code == 403
    assert api(stranger).get(path_of(order)).status_code == 404
    assert api().get(path_of(order)).status_code == 404


@pytest.mark.parametrize("key", ["x", "0" * 32, "%00", "%F0%9F%98%80", "é"])
def test_a_wrong_key_is_as_good_as_none(key, order, api):
    assert api().get(path_of(order, key)).status_code == 404


@pytest.mark.parametrize("code", ["M-0000000", "m-abc", "M-ILO0000", "%00", "'; DROP", "M-" + "9" * 300])
def test_a_code_that_isnt_there_answers_as_a_foreign_one(code, order, api):
    foreign = api().get(path_of(order)).content
    answer = api().get(f"/api/orders/{code}?key={order.key}")
    assert (answer.status_code, answer.content) == (404, foreign)


def test_an_unpaid_order_shows_its_hold_and_no_tickets(general, buy, api):
    order = buy((general, 1)).order
    body = api().get(path_of(order, order.key)).json()
    assert (body["status"], body["tickets"]) == ("awaiting_payment", [])
    assert body["hold_expires_at"]


def test_a_detail_takes_few_statements_whatever_the_number_of_tickets(
    order, api, django_assert_max_num_queries
):
    with django_assert_max_num_queries(6):
        api().get(path_of(order, order.key))


def test_resuming_answers_the_open_session(general, buy, api):
    start = buy((general, 1))
    for client, path in ((api(), f"?key={start.order.key}"), (api(), "")):
        body = {} if path else {"key": start.order.key}
        answer = client.post(
            f"/api/orders/{start.order.code}/resume{path}", body, content_type="application/json"
        )
        assert (answer.status_code, answer.json()["url"]) == (200, start.payment.session_url)
    assert (
        api().post(f"/api/orders/{start.order.code}/resume", content_type="application/json").status_code
        == 404
    )


def test_only_the_buyer_resumes_since_the_payment_page_leads_back_with_the_orders_key(
    general, buy, api, manager, organizer
):
    order = buy((general, 1)).order
    for member in (manager, organizer):
        answer = api(member).post(f"/api/orders/{order.code}/resume", content_type="application/json")
        assert answer.status_code == 404


def test_resuming_a_cancelled_order_is_409(general, buy, api):
    order = cancel_checkout(buy((general, 1)).order)
    answer = api().post(f"/api/orders/{order.code}/resume?key={order.key}", content_type="application/json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "RESERVATION_EXPIRED")


# --- the organizer's list


@pytest.fixture
def orders(event, general, buy):
    return [buy((general, 1), email=f"{n}@example.com").order for n in range(3)]


def listing(event, query=""):
    return f"/api/events/{event.slug}/orders{query}"


def test_the_list_is_for_managers_and_up(orders, event, api, organizer, manager, scanner, stranger):
    statuses = {
        who: api(who).get(listing(event)).status_code for who in (organizer, manager, scanner, stranger)
    }
    assert list(statuses.values()) == [200, 200, 403, 404]
    assert api().get(listing(event)).status_code == 401


def test_the_list_is_newest_first_in_pages_with_the_split(orders, event, api, manager):
    page = api(manager).get(listing(event, "?page_size=2")).json()
    assert set(page) == {"next", "previous", "results"}
    assert [each["code"] for each in page["results"]] == [orders[2].code, orders[1].code]
    assert page["results"][0]["organizer_amount"] == 4550
    rest = api(manager).get(page["next"]).json()
    assert [each["code"] for each in rest["results"]] == [orders[0].code]
    assert rest["next"] is None


def test_the_list_takes_the_same_statements_for_any_number_of_orders(
    orders, event, api, manager, django_assert_max_num_queries
):
    client = api(manager)
    client.get(listing(event))
    with django_assert_max_num_queries(8):
        assert len(client.get(listing(event)).json()["results"]) == 3


def test_the_list_is_searched_and_filtered(orders, event, api, manager):
    def codes(query):
        return [each["code"] for each in api(manager).get(listing(event, query)).json()["results"]]

    assert codes("?search=1@example") == [orders[1].code]
    assert codes(f"?search={orders[0].code}") == [orders[0].code]
    assert codes("?status=paid") == []
    assert len(codes("?status=awaiting_payment")) == 3
    assert len(codes("?status=&search=")) == 3


@pytest.mark.parametrize("query", ["?status=nonsense", "?search=%00", "?search=" + "x" * 200])
def test_a_bad_filter_is_400(query, event, api, manager):
    assert api(manager).get(listing(event, query)).status_code == 400


def test_a_bad_cursor_is_refused(event, api, manager):
    assert api(manager).get(listing(event, "?cursor=nonsense")).status_code == 404
