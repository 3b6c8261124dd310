"""Ticketing in the Django admin: events are edited by the services, money is only looked at."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.tests.factories import PASSWORD, UserFactory
from notifications.models import Message
from ticketing.models import (
    Event,
    Order,
    OrganizerReceivable,
    OrganizerTransfer,
    Payment,
    Refund,
    TicketType,
)
from ticketing.services.refunds import request_refund

pytestmark = pytest.mark.django_db


def address(model, page, *args):
    return reverse(f"admin:ticketing_{model._meta.model_name}_{page}", args=args)


def event_form(organization, **change):
    return {
        "organization": organization.pk,
        "title": "Made by staff",
        "starts_at_0": "2030-01-01",
        "starts_at_1": "19:00:00",
        "ends_at_0": "2030-01-01",
        "ends_at_1": "22:00:00",
        "timezone": "Europe/London",
        "currency": "usd",
    } | change


def type_form(event, **change):
    return {
        "event": event.pk,
        "name": "Staff's",
        "price_amount": 2500,
        "capacity": 10,
        "min_per_order": 1,
        "max_per_order": 10,
        "position": 0,
    } | change


def test_a_row_shows_amounts_in_words_and_no_secret(desk, sold):
    page = desk.get(address(Order, "change", sold.pk)).content.decode()
    assert "$100.00" in page
    assert sold.key not in page
    assert sold.tickets.first().code in page
    assert "Refund…" in page


def test_staff_make_and_change_an_event(desk, organization, staff):
    answer = desk.post(address(Event, "add"), event_form(organization))
    assert answer.status_code == 302, answer.content[:3000]
    event = Event.objects.get()
    assert (event.slug, event.status, event.created_by) == ("made-by-staff", "draft", staff)
    desk.post(address(Event, "change", event.pk), event_form(organization, title="Renamed"))
    event.refresh_from_db()
    assert (event.title, event.slug) == ("Renamed", "made-by-staff")


def test_a_refusal_of_the_service_is_a_message_and_changes_nothing(desk, organization, event, general):
    form = event_form(organization, timezone="Mars/Olympus", description="Kept as typed")
    page = desk.post(address(Event, "add"), form).content.decode()
    assert "Choose a time zone such as Europe/London." in page
    assert "Kept as typed" in page
    assert Event.objects.count() == 1
    form = type_form(event, price_amount=10)
    answer = desk.post(address(TicketType, "change", general.pk), form, follow=True)
    assert "must be at least" in answer.content.decode()
    general.refresh_from_db()
    assert general.price_amount == 5000


def test_staff_make_and_change_a_ticket_type(desk, event, staff):
    assert desk.post(address(TicketType, "add"), type_form(event)).status_code == 302
    made = TicketType.objects.get()
    desk.post(address(TicketType, "change", made.pk), type_form(event, price_amount=3000))
    made.refresh_from_db()
    assert made.price_amount == 3000
    assert AuditEntry.objects.get(action="ticket_type.changed").actor == staff


def test_staff_publish_pause_and_cancel(act, event, general):
    def status_after(name):
        act(name, event, reason="Asked")
        event.refresh_from_db()
        return event.status

    found = [status_after(name) for name in ("pause", "publish", "cancel", "publish")]
    assert found == ["paused", "published", "cancelled", "cancelled"]
    entries = AuditEntry.objects.filter(actor_kind="staff", reason="Asked", action__startswith="event.")
    assert entries.count() == 3


def test_what_needs_staff_is_a_filter_of_payments(desk, general, buy):
    start = buy((general, 1))
    listing = address(Payment, "changelist") + "?status__exact=review"
    assert start.order.code not in desk.get(listing).content.decode()
    Payment.objects.update(status="review", review_reason="amount: Stripe 1, ours 2")
    page = desk.get(listing).content.decode()
    assert start.order.code in page
    assert "amount: Stripe 1, ours 2" in page


@pytest.fixture
def sold(general, sell):
    return sell((general, 2))


def test_staff_refund_an_order_after_seeing_who_pays(act, sold, staff):
    page = act("refund_in_full", sold, reason="")
    for words in ("$100.00 to the buyer", "$91.30 from the organizer", "$8.70 from the platform"):
        assert words in page
    assert "This field is required" in page
    assert not Refund.objects.exists()
    page = act("refund_in_full", sold, reason="Goodwill", refund_application_fee="", restock="on")
    assert "$100.00, Refunded." in page
    refund = Refund.objects.get()
    assert (refund.origin, refund.actor, refund.reason, refund.restock) == ("staff", staff, "Goodwill", True)
    entry = AuditEntry.objects.get(action="order.refund_requested")
    assert (entry.actor, entry.actor_kind, entry.reason) == (staff, "staff", "Goodwill")
    assert "Nothing is left to refund" in act("refund_in_full", sold, reason="Again")


def test_a_refund_that_is_clicked_twice_is_made_once_and_asks_for_a_recent_sign_in(client, staff, sold):
    client.force_login(staff)
    chosen = {"action": "refund_in_full", "_selected_action": [sold.pk]}
    answer = client.post(address(Order, "changelist") + "?q=" + sold.code, chosen)
    assert answer["Location"].startswith("/account/reauthenticate/")
    page = client.post(answer["Location"], {"password": PASSWORD})  # and the form is worked on by itself
    assert "$100.00 to the buyer" in page.content.decode()
    form = chosen | {"nonce": page.context["nonce"], "reason": "Goodwill"}
    for words in ("$100.00, Refunded.", "This was done already."):
        assert words in client.post(address(Order, "changelist"), form, follow=True).content.decode()
    assert Refund.objects.count() == 1


def test_staff_send_the_tickets_again(act, sold, staff):
    before = Message.objects.filter(kind="ticket_confirmation").count()
    assert f"on their way to {sold.email}" in act("resend", sold, reason="Lost the mail")
    assert Message.objects.filter(kind="ticket_confirmation").count() == before + 1
    entry = AuditEntry.objects.get(action="order.tickets_resent")
    assert (entry.actor, entry.actor_kind, entry.reason) == (staff, "staff", "Lost the mail")


def test_staff_without_the_permission_cant_refund(sold):
    viewer = UserFactory(email="viewer@example.com", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_order"))
    client = Client()
    client.force_login(viewer)
    form = {"action": "refund_in_full", "_selected_action": [sold.pk], "nonce": "1", "reason": "Mine"}
    client.post(address(Order, "changelist"), form)
    assert not Refund.objects.exists()


def test_staff_release_what_the_dashboard_left_and_settle_it(act, sold, sandbox, settle):
    sandbox.control("POST", f"/_sandbox/charges/{sold.payments.get().charge_id}/refund", {"amount": 1000})
    settle()
    receivable, refund = OrganizerReceivable.objects.get(), Refund.objects.get()
    assert refund.needs_staff
    assert "$0.00 is still owed" in act("release", receivable)
    act("mark_settled", refund, reason="Looked at")
    refund.refresh_from_db()
    assert not refund.needs_staff
    assert AuditEntry.objects.filter(action="receivable.released", reason="Because").exists()
    assert "Looked at" in AuditEntry.objects.get(action="refund.settled_by_staff").reason


def test_staff_make_an_organizer_whole_after_a_failed_refund(desk, act, sold, organizer, sandbox, settle):
    refund = request_refund(sold, actor=organizer, reason="Asked for")
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 50 * 3600})
    sandbox.control("POST", f"/_sandbox/refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()
    assert "Make it whole first" in act("mark_settled", refund)
    assert "$91.30 to the organizer, Done." in act("make_whole", refund)
    assert "it needs nobody any more" in act("mark_settled", refund)
    page = desk.get(address(OrganizerTransfer, "changelist")).content.decode()
    assert sold.code in page
    sent = OrganizerTransfer.objects.get()
    assert sent.destination not in desk.get(address(OrganizerTransfer, "change", sent.pk)).content.decode()


def test_staff_write_off_what_is_owed_after_a_warning(act, sold, organizer, staff):
    request_refund(sold, actor=organizer, reason="Kept", refund_application_fee=False)
    receivable = OrganizerReceivable.objects.get()
    page = act("write_off", receivable, reason="")
    assert "There is no way back" in page
    assert "owes $8.70" in page
    receivable.refresh_from_db()
    assert receivable.written_off_amount == 0
    assert "$8.70 is our loss" in act("write_off", receivable, reason="Gone")
    assert "owe that much any more" in act("write_off", receivable, reason="Gone")
    assert AuditEntry.objects.get(action="receivable.written_off").actor == staff


def test_staff_pay_a_buyer_another_way_after_a_warning(act, sold, organizer, sandbox, settle):
    refund = request_refund(sold, actor=organizer, reason="Asked for")
    sandbox.control("POST", f"/_sandbox/refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()
    page = act("pay_otherwise", refund, reason="In cash")
    assert "Say how it was paid" in page
    assert "$100.00" in page
    assert "Failed, paid another way." in page


def test_staff_decide_about_a_payment_that_was_put_aside(act, general, buy, pay, settle):
    start = buy((general, 1))
    Payment.objects.update(amount=4999)
    pay(start.payment.session_id)
    settle()
    assert "Stripe still says otherwise: amount: Stripe 5000, ours 4999" in act("accept", start.payment)
    assert "Refund it first" in act("close", start.payment)
    assert "amount: Stripe 5000, ours 4999" in act("refund", start.payment, reason="")
    assert not Refund.objects.exists()
    assert "$50.00, Refunded." in act("refund", start.payment, reason="Charged wrongly")
    assert "This payment needs nobody" in act("close", start.payment)
