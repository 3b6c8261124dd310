"""Cancelling an event: every buyer gets everything back, once, and is told, once; and nothing but that."""

import json
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from connect.models import FeePlan
from connect.services.terms import set_plan_terms
from ledger.services.verification import verify_ledger
from maly.errors import Invalid
from notifications.models import Message
from ticketing.models import CancelledOrder, Event, EventCancellation, Order, Refund, Ticket
from ticketing.selectors.cancellations import find_progress
from ticketing.services.cancellation_work import work_off_cancellations
from ticketing.services.cancellations import cancel_event
from ticketing.services.fulfillment import settle_payment
from ticketing.services.refunds import request_refund
from ticketing.tests.books import Books, read_books
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def cancel(event, organizer, settle):
    """Cancel the event, and let the job and Stripe's events come to an end."""

    def run(**wish):
        wish.setdefault("reason", "The hall is flooded.")
        cancel_event(event, actor=organizer, **wish)
        work_off_cancellations()
        settle()
        return EventCancellation.objects.get()

    return run


@pytest.fixture
def keep_fees(staff):
    """The plan keeps the service fee when a buyer is refunded."""
    plan = FeePlan.objects.get(code="organization")
    set_plan_terms(
        plan,
        currency="usd",
        percent=Decimal(4),
        fixed_amount=75,
        refunds_platform_fee=False,
        actor=staff,
        reason="A trial",
    )


def told(kind="event_cancelled"):
    return sorted(Message.objects.filter(kind=kind).values_list("to", flat=True))


def test_every_buyer_gets_everything_back_and_is_told_once(event, general, sell, cancel):
    ada = sell((general, 2))
    ben = sell((general, 1), email="ben@example.com")
    cancellation = cancel()
    event.refresh_from_db()
    assert (event.status, event.sold, event.held) == ("cancelled", 0, 0)
    assert set(Order.objects.values_list("status", flat=True)) == {"refunded"}
    assert set(Ticket.objects.values_list("status", flat=True)) == {"cancelled"}
    assert set(Refund.objects.values_list("origin", "status", "reason")) == {
        ("event_cancelled", "succeeded", "The hall is flooded.")
    }
    assert told() == ["ada@example.com", "ben@example.com"]
    assert told("refund_confirmation") == []
    assert (cancellation.state, cancellation.finished_at is None) == ("done", False)
    assert set(cancellation.orders.values_list("state", "amount")) == {
        ("refunded", ada.total_amount),
        ("refunded", ben.total_amount),
    }
    assert read_books(ada) == Books(0, -320 - 175)


def test_called_twice_it_is_done_once(event, general, sell, cancel, organizer, settle):
    order = sell((general, 1))
    cancel()
    cancel(reason="Another reason")
    assert EventCancellation.objects.get().reason == "The hall is flooded."
    assert AuditEntry.objects.filter(action="event.cancelled").count() == 1
    assert AuditEntry.objects.filter(action="event.cancellation_finished").count() == 1
    assert (Refund.objects.count(), len(told())) == (1, 1)
    assert read_books(order) == Books(0, -175)


def test_a_fee_that_the_plan_keeps_is_the_organizers_to_bear(event, general, sell, cancel, keep_fees):
    event.fee_absorption = "pass_to_buyer"
    event.save()
    order = sell((general, 1))
    sell((general, 1), email="ben@example.com")
    cancel()
    order.refresh_from_db()
    assert order.refunded_amount == order.total_amount == 5458
    assert Refund.objects.get(order=order).fee_amount == 0
    assert read_books(order) == Books(0, -2 * 188, owed=2 * 458)


def test_staff_may_choose_that_the_fee_goes_back(event, general, sell, cancel, keep_fees):
    order = sell((general, 1))
    cancel(gives_fee_back=True)
    assert Refund.objects.get().fee_amount == 450
    assert read_books(order) == Books(0, -175)


def test_what_an_earlier_refund_left_goes_back(general, sell, cancel, organizer):
    order = sell((general, 3))
    first = order.tickets.first()
    request_refund(order, actor=organizer, tickets=[first.code], reason="Asked for")
    cancel()
    order.refresh_from_db()
    assert (order.status, order.refunded_amount) == ("refunded", 15000)
    assert Refund.objects.get(origin="event_cancelled").amount == 10000
    assert read_books(order).organizer == 0


def test_free_tickets_are_cancelled_and_their_buyer_is_told(event, buy, cancel):
    free = TicketTypeFactory(event=event, price_amount=0, name="Free")
    order = buy((free, 2)).order
    cancellation = cancel()
    order.refresh_from_db()
    free.refresh_from_db()
    assert (order.status, free.sold) == ("refunded", 0)
    assert set(order.tickets.values_list("status", flat=True)) == {"cancelled"}
    assert set(order.tickets.values_list("payment_status", flat=True)) == {"free"}
    assert told() == ["ada@example.com"]
    assert cancellation.orders.get().state == "nothing_to_refund"
    assert verify_ledger().violations == []


def test_an_unpaid_order_is_closed_and_can_not_be_paid_any_more(general, buy, cancel, sandbox):
    start = buy((general, 2))
    cancellation = cancel()
    start.order.refresh_from_db()
    general.refresh_from_db()
    assert (start.order.status, general.held) == ("cancelled", 0)
    assert cancellation.orders.get().state == "closed"
    status, _ = sandbox.control("POST", f"/_sandbox/checkout/{start.payment.session_id}/pay", {})
    assert status == 409
    assert (told(), told("refund_confirmation")) == ([], [])


def test_who_pays_while_the_event_is_being_cancelled_gets_it_back(general, buy, pay, cancel):
    start = buy((general, 1))
    pay(start.payment.session_id)
    cancellation = cancel()
    start.order.refresh_from_db()
    assert (start.order.status, start.order.refunded_amount) == ("refunded", 5000)
    row = cancellation.orders.get()
    assert (row.state, row.refund.origin, row.amount) == ("refunded", "late_payment", 5000)
    assert (told(), told("refund_confirmation")) == ([], ["ada@example.com"])
    assert read_books(start.order) == Books(0, -175)


def test_a_payment_after_the_job_is_done_joins_it(event, general, buy, pay, cancel, lose_hold, settle):
    start = buy((general, 1))
    lose_hold(start.payment)
    cancellation = cancel()
    assert (cancellation.state, cancellation.orders.count()) == ("done", 0)
    pay(start.payment.session_id)
    settle()
    assert find_progress(event).left == 1
    work_off_cancellations()
    progress = find_progress(event)
    assert (progress.state, progress.orders_done, progress.refunded_amount) == ("done", 1, 5000)
    assert told("refund_confirmation") == ["ada@example.com"]
    assert read_books(start.order) == Books(0, -175)


def test_paid_after_its_row_was_closed_the_row_tells_of_the_refund(
    event, general, buy, pay, organizer, lose_hold, settle
):
    start = buy((general, 1))
    cancel_event(event, actor=organizer)
    lose_hold(start.payment)  # Stripe says nothing for 90 seconds, and then the session is open
    work_off_cancellations()
    assert CancelledOrder.objects.get().state == "closed"
    pay(start.payment.session_id)
    settle()
    work_off_cancellations()
    progress = find_progress(event)
    assert (progress.state, progress.orders_done, progress.refunded_amount) == ("done", 1, 5000)
    assert read_books(start.order) == Books(0, -175)


def test_nobody_buys_or_pays_anew_after_it(event, general, buy, cancel, organizer):
    cancel()
    with pytest.raises(Exception, match="EVENT_NOT_ON_SALE|isn't on sale"):
        buy((general, 1))


def test_a_reason_that_is_too_long_is_refused_and_changes_nothing(event, organizer):
    with pytest.raises(Invalid):
        cancel_event(event, actor=organizer, reason="x" * 501)
    event.refresh_from_db()
    assert (event.status, CancelledOrder.objects.count()) == ("published", 0)


def test_the_api_previews_cancels_and_shows_how_far_it_is(event, general, sell, api, organizer, settle):
    order = sell((general, 1))
    client = api(organizer)
    before = client.get("/api/events/night-market/cancellation").json()
    assert (before["state"], before["orders_total"], before["left"]) == ("not_cancelled", 1, 1)
    assert before["preview"]["buyers_get_amount"] == 5000
    body = json.dumps({"reason": "The hall is flooded.", "confirm": "night-market"})
    answer = client.post("/api/events/night-market/cancel", body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "cancelled"
    assert answer.json()["cancellation"]["orders_total"] == 1
    work_off_cancellations()
    settle()
    after = client.get("/api/events/night-market/cancellation").json()
    assert after == {
        "state": "done",
        "currency": "usd",
        "reason": "The hall is flooded.",
        "orders_total": 1,
        "orders_done": 1,
        "left": 0,
        "disputed": 0,
        "refunded_amount": 5000,
        "needs_staff": [],
        "preview": None,
    }
    again = client.post("/api/events/night-market/cancel", body, content_type="application/json")
    assert again.json()["cancellation"] == after
    assert read_books(order) == Books(0, -175)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"confirm": "another-market"}, 400),
        ({"reason": "x" * 501}, 400),
        ({"reason": "nul \x00"}, 400),
        ({"refund_application_fee": True}, 403),
        ({"refund_application_fee": "perhaps"}, 400),
        ([], 400),
    ],
)
def test_a_wrong_wish_cancels_nothing(body, status, event, api, organizer):
    answer = api(organizer).post(
        "/api/events/night-market/cancel", json.dumps(body), content_type="application/json"
    )
    assert answer.status_code == status, answer.content
    event.refresh_from_db()
    assert event.status == "published"


def test_a_platform_admin_of_the_team_may_choose_about_the_fee(event, general, sell, api, organizer):
    organizer.is_platform_admin = True
    organizer.save()
    body = json.dumps({"refund_application_fee": False, "confirm": "Night Market"})
    answer = api(organizer).post("/api/events/night-market/cancel", body, content_type="application/json")
    assert answer.status_code == 200
    assert EventCancellation.objects.get().gives_fee_back is False


@pytest.mark.parametrize("is_late", [True, False])
def test_the_books_are_written_before_the_counters_are_locked(is_late, event, general, buy, pay, lose_hold):
    """An organizer's first posting makes its accounts, and others wait for it: they mustn't hold what it needs next."""
    start = buy((general, 1))
    pay(start.payment.session_id)
    if is_late:
        lose_hold(start.payment)
    else:
        Event.objects.filter(pk=event.pk).update(status="cancelled")
    with CaptureQueriesContext(connection) as statements:
        settle_payment(start.payment.session_id)
    wrote = [one["sql"] for one in statements.captured_queries]
    books = next(place for place, sql in enumerate(wrote) if "INSERT INTO ledger_ledgertransaction" in sql)
    counters = next(place for place, sql in enumerate(wrote) if "UPDATE ticketing_tickettype" in sql)
    assert books < counters
