"""The mails of ticketing: their words, their codes, their amounts."""

import io
from datetime import datetime

import pytest
import zxingcpp
from PIL import Image

from connect.models import FeeAbsorption
from maly.templatetags.maly import event_time
from notifications.registry import render_message
from ticketing.models import Event, Order, Refund, Ticket
from ticketing.services.event_news import facts_of
from ticketing.services.refunds import request_refund
from ticketing.services.signing import verify_ticket
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(general, buy, pay, settle):
    start = buy((general, 2))
    pay(start.payment.session_id)
    settle()
    return Order.objects.get()


def test_the_tickets_come_with_codes_that_verify(paid, event):
    mail = render_message("ticket_confirmation", {"order": paid.pk})
    assert mail.subject.startswith("Your tickets: Night Market, ")
    tickets = list(Ticket.objects.all())
    codes = [each for each in mail.attachments if each.content_id]
    assert [each.content_id for each in codes] == ["ticket-1", "ticket-2"]
    assert [each.mimetype for each in mail.attachments if not each.content_id] == [
        "text/calendar",
        "application/pdf",
    ]
    for ticket, attachment in zip(tickets, codes, strict=True):
        (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(attachment.content)))
        assert verify_ticket(found.text, event).code == ticket.code
        shown = f"{ticket.code[:5]}-{ticket.code[5:]}"
        assert shown in mail.text
        assert shown in mail.html
        assert f"cid:{attachment.content_id}" in mail.html
    assert f"/o/{paid.code}/?key={paid.key}" in mail.text
    assert "Total paid" in mail.text
    assert "$100.00" in mail.text
    assert "$100.00" in mail.html
    assert "Visa ending 4242" in mail.html


def test_the_receipt_has_the_terms_of_then_and_promises_nothing_once_all_is_cancelled(paid, organizer):
    Order.objects.update(refund_policy="Until the day before.")
    Event.objects.update(refund_policy="No refunds.")
    mail = render_message("ticket_confirmation", {"order": paid.pk})
    assert all(
        "Until the day before." in each and "No refunds." not in each for each in (mail.text, mail.html)
    )
    request_refund(paid, actor=organizer, reason="Ill")
    mail = render_message("ticket_confirmation", {"order": paid.pk})
    assert mail.subject.startswith("Your receipt: Night Market, ")
    for part in (mail.text, mail.html):
        assert "The tickets of this order are cancelled." in part
        assert "going to" not in part


def test_another_end_alone_is_shown_too(paid):
    now = facts_of(vars(paid.event))
    before = {**now, "ends_at": paid.event.starts_at.replace(hour=1, minute=7).isoformat()}
    mail = render_message("event_changed", {"order": paid.pk, "before": before, "after": now})
    for ends in (before["ends_at"], now["ends_at"]):
        assert event_time(datetime.fromisoformat(ends), now["timezone"]) in mail.text


def test_passed_on_fees_are_itemised(event, general, buy, pay, settle):
    event.fee_absorption = FeeAbsorption.PASS_TO_BUYER
    event.save()
    start = buy((general, 1))
    pay(start.payment.session_id)
    settle()
    mail = render_message("ticket_confirmation", {"order": start.order.pk})
    for words in ("Subtotal", "$50.00", "Service fee", "$2.75", "Processing fee", "$1.83", "$54.58"):
        assert words in mail.text
        assert words in mail.html
    assert mail.subject.startswith("Your ticket: ")


def test_a_free_order_says_so(event, buy):
    order = buy((TicketTypeFactory(event=event, price_amount=0), 1)).order
    mail = render_message("ticket_confirmation", {"order": order.pk})
    assert "This order was free." in mail.text
    assert "$0.00" not in mail.text


def test_hostile_words_stay_words(paid):
    Event.objects.update(title="A\r\nBcc: all@example.com <b>x</b>", accessibility="<script>1</script>")
    Order.objects.update(name="{{ order.key }}<img>")
    mail = render_message("ticket_confirmation", {"order": paid.pk})
    assert "\n" not in mail.subject
    assert "<script>" not in mail.html
    assert "<b>x</b>" not in mail.html
    assert "<b>x</b>" in mail.text, "plain text is not escaped"


def test_replies_go_to_the_organizer(paid, organization):
    organization.contact_email = "hello@harbour.example"
    organization.save()
    mail = render_message("ticket_confirmation", {"order": paid.pk})
    assert mail.reply_to == "hello@harbour.example"
    assert "Harbour Arts will answer" in mail.text


def test_the_mail_of_a_late_payment_says_what_comes_back(lose_hold, event, buy, pay, settle):
    scarce = TicketTypeFactory(event=event, capacity=2)
    late = buy((scarce, 2))
    lose_hold(late.payment)
    pay(buy((scarce, 2), email="quick@example.com").payment.session_id)
    pay(late.payment.session_id)
    settle()
    refund = Refund.objects.get()
    mail = render_message("refund_confirmation", {"order": late.order.pk, "refund": refund.pk})
    assert "Night Market" in mail.subject
    for words in ("$100.00", late.order.code, "Visa ending 4242", "/e/night-market/", "owe nothing"):
        assert words in mail.text
        assert words in mail.html


def test_the_mail_of_a_refund_says_how_much_why_and_which_tickets(paid, organizer):
    ticket = paid.tickets.first()
    refund = request_refund(paid, actor=organizer, tickets=[ticket.code], reason="You asked us to.")
    mail = render_message("refund_confirmation", {"order": paid.pk, "refund": refund.pk})
    assert mail.subject == "Refund of $50.00: Night Market"
    for words in ("$50.00", paid.code, "You asked us to.", "General admission", f"/o/{paid.code}/"):
        assert words in mail.text
        assert words in mail.html


def test_the_mail_of_a_face_price_says_that_the_service_fee_stays(event, general, sell, organizer):
    event.fee_absorption = FeeAbsorption.PASS_TO_BUYER
    event.save()
    order = sell((general, 1))
    refund = request_refund(order, actor=organizer, reason="Ill", refund_application_fee=False)
    mail = render_message("refund_confirmation", {"order": order.pk, "refund": refund.pk})
    for words in ("$50.00", "the service fee is not returned"):
        assert words in mail.text
        assert words in mail.html
