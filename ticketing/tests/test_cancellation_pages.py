"""What buyers read and what staff see of a cancelled event: always what has happened, never what we hope."""

import html
import re

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from notifications.registry import render_message
from ticketing.models import CancelledOrder, EventCancellation, Order, Refund
from ticketing.services.cancellation_work import work_off_cancellations
from ticketing.services.cancellations import cancel_event, settle_by_staff
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


def read(client, order):
    page = client.get(f"/o/{order.code}/?key={order.key}").content.decode()
    return html.unescape(re.sub(r"\s+", " ", page))


def done(event, organizer, **wish):
    cancel_event(event, actor=organizer, **wish)
    work_off_cancellations()


# --- the buyer


def test_the_order_says_what_goes_back_and_when(client, event, general, sell, organizer):
    event.fee_absorption = "pass_to_buyer"
    event.save()
    order = sell((general, 1))
    cancel_event(event, actor=organizer, reason="The hall is flooded.")
    before = read(client, order)
    assert "We are refunding $54.58 to you and write to you once it is on its way." in before
    assert "Reason: The hall is flooded." in before
    assert '<svg class="qr"' not in before
    work_off_cancellations()
    after = read(client, order)
    assert "Night Market is cancelled" in after
    assert "Your money is on its way back: $54.58, 5–10 working days to your card." in after
    assert "We are refunding" not in after


def test_a_refund_that_is_stuck_isnt_called_on_its_way(
    client, event, general, sell, organizer, staff, sandbox
):
    order = sell((general, 1))
    charge = order.payments.get().charge_id
    sandbox.control("POST", f"/_sandbox/charges/{charge}/dispute", {"reason": "fraudulent"})
    done(event, organizer)
    page = read(client, order)
    assert "Something stopped your refund, and we are looking into it." in page
    assert "on its way" not in page
    settle_by_staff(CancelledOrder.objects.get(), actor=staff)
    assert "Your money was sent back to you another way." in read(client, order)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "Your bank decides about this payment, since you disputed it."),
        ("lost", "Your bank has given you the money back."),
    ],
)
def test_a_disputed_order_says_that_the_bank_decides(
    outcome, words, client, event, general, sell, organizer, sandbox, settle
):
    order = sell((general, 1))
    charge = order.payments.get().charge_id
    _, dispute = sandbox.control("POST", f"/_sandbox/charges/{charge}/dispute", {"reason": "fraudulent"})
    settle()
    if outcome:
        sandbox.control("POST", f"/_sandbox/disputes/{dispute['id']}", {"outcome": outcome})
        settle()
    done(event, organizer)
    assert words in read(client, order)


def test_a_free_order_says_that_nothing_was_paid(client, event, buy, organizer):
    order = buy((TicketTypeFactory(event=event, price_amount=0), 2)).order
    done(event, organizer)
    page = read(client, order)
    assert "You paid nothing, so there is nothing to send back." in page
    assert '<span class="badge badge-info">Cancelled</span>' in page
    assert "on its way" not in page


def test_an_unpaid_order_doesnt_say_that_its_tickets_are_on_sale_again(
    client, event, general, buy, organizer
):
    order = buy((general, 2)).order
    done(event, organizer)
    page = read(client, order)
    assert "No money was taken." in page
    assert "The organizer has cancelled the event." in page
    assert "went back on sale" not in page


def test_the_heading_counts_the_tickets_that_are_valid(client, general, sell, organizer):
    order = sell((general, 3))
    assert "Your 3 tickets" in read(client, order)
    request_refund(order, actor=organizer, tickets=[order.tickets.first().code], reason="Asked for")
    assert "Your 2 tickets" in read(client, order)
    request_refund(Order.objects.get(), actor=organizer, reason="Asked for")
    assert "Tickets that are not valid any more" in read(client, order)


def test_the_events_page_promises_the_money_and_a_word(client, event, general, organizer):
    done(event, organizer)
    page = html.unescape(client.get("/e/night-market/").content.decode())
    assert "This event is cancelled" in page
    assert "your money goes back the way it came, and we write to you when it is on its way" in page


def test_the_mail_says_the_amount_the_reason_and_when(event, general, sell, organizer):
    order = sell((general, 2))
    done(event, organizer, reason="The hall is flooded.")
    mail = render_message("event_cancelled", {"order": order.pk, "refund": Refund.objects.get().pk})
    assert mail.subject == "Cancelled: Night Market. $100.00 is on its way back"
    for words in ("$100.00", "The hall is flooded.", "5 to 10 working days", "ending 4242", order.code):
        assert words in mail.text
        assert words in mail.html
    assert f"/o/{order.code}/?key={order.key}" in mail.text


def test_the_mail_of_a_free_order_speaks_of_no_money(event, buy, organizer):
    order = buy((TicketTypeFactory(event=event, price_amount=0), 1)).order
    done(event, organizer)
    mail = render_message("event_cancelled", {"order": order.pk})
    assert mail.subject == "Cancelled: Night Market"
    assert "nothing to send back" in mail.text
    assert "Reason" not in mail.text + mail.html
    assert "working days" not in mail.text + mail.html


# --- staff


def test_staff_see_the_cost_before_they_cancel(act, event, general, sell, staff):
    sell((general, 1))
    page = act("cancel", event, reason="")
    assert "$50.00 goes back to the buyers of 1 orders" in page
    assert "$45.50 from the organizer, $4.50 of fees from the platform" in page
    assert "This field is required" in page
    assert EventCancellation.objects.count() == 0
    act("cancel", event, reason="Flooded", refund_application_fee="false")
    cancellation = EventCancellation.objects.get()
    assert (cancellation.reason, cancellation.gives_fee_back) == ("Flooded", False)
    entry = AuditEntry.objects.get(action="event.cancelled")
    assert (entry.actor, entry.actor_kind, entry.reason) == (staff, "staff", "Flooded")


def test_staff_see_how_far_it_is_and_try_again(desk, act, event, general, sell, sandbox, organizer, settle):
    order = sell((general, 1))
    charge = order.payments.get().charge_id
    _, dispute = sandbox.control("POST", f"/_sandbox/charges/{charge}/dispute", {"reason": "fraudulent"})
    done(event, organizer)
    listing = desk.get(reverse("admin:ticketing_eventcancellation_changelist") + "?state__exact=needs_staff")
    assert "0 of 1" in listing.content.decode()
    rows = desk.get(reverse("admin:ticketing_cancelledorder_changelist") + "?state__exact=needs_staff")
    assert order.code in rows.content.decode()
    sandbox.control("POST", f"/_sandbox/disputes/{dispute['id']}", {"outcome": "won"})
    settle()
    act("refund_with_fee", CancelledOrder.objects.get())
    assert CancelledOrder.objects.get().gives_fee_back is True
    work_off_cancellations()
    assert CancelledOrder.objects.get().state == "refunded"
    assert "it needed nobody" in act("refund_again", CancelledOrder.objects.get())


def test_staff_mark_what_is_paid_another_way(act, event, general, sell, sandbox, organizer):
    order = sell((general, 1))
    charge = order.payments.get().charge_id
    sandbox.control("POST", f"/_sandbox/charges/{charge}/dispute", {"reason": "fraudulent"})
    done(event, organizer)
    act("mark_settled", CancelledOrder.objects.get())
    assert CancelledOrder.objects.get().state == "nothing_to_refund"
    assert EventCancellation.objects.get().state == "done"
