"""Ticketing in the Django admin: events are edited by the services, money is only looked at."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.tests.factories import UserFactory
from ticketing.models import (
    Event,
    Order,
    OrganizerReceivable,
    OrganizerTransfer,
    Payment,
    Refund,
    Ticket,
    TicketType,
)
from ticketing.services.refunds import request_refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(staff):
    client = Client()
    client.force_login(staff)
    return client


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


@pytest.mark.parametrize("model", [Event, TicketType, Order, Payment, Ticket])
def test_every_list_and_every_row_can_be_seen(model, desk, general, buy, pay, settle):
    start = buy((general, 1))
    pay(start.payment.session_id)
    settle()
    assert desk.get(address(model, "changelist")).status_code == 200
    page = desk.get(address(model, "change", model.objects.get().pk))
    assert page.status_code == 200
    assert start.order.key not in page.content.decode()


@pytest.mark.parametrize("model", [Order, Payment, Ticket])
def test_money_cant_be_added_changed_or_deleted(model, desk, general, buy, pay, settle):
    start = buy((general, 1))
    pay(start.payment.session_id)
    settle()
    row = model.objects.get()
    assert desk.get(address(model, "add")).status_code == 403
    assert desk.post(address(model, "change", row.pk), {}).status_code == 403
    assert desk.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_staff_make_and_change_an_event(desk, organization, staff):
    answer = desk.post(address(Event, "add"), event_form(organization))
    assert answer.status_code == 302, answer.content[:3000]
    event = Event.objects.get()
    assert (event.slug, event.status, event.created_by) == ("made-by-staff", "draft", staff)
    desk.post(address(Event, "change", event.pk), event_form(organization, title="Renamed"))
    event.refresh_from_db()
    assert (event.title, event.slug) == ("Renamed", "made-by-staff")


def test_a_refusal_of_the_service_is_a_message_and_changes_nothing(desk, organization, event, general):
    answer = desk.post(address(Event, "add"), event_form(organization, timezone="Mars/Olympus"), follow=True)
    assert "Choose a time zone such as Europe/London." in answer.content.decode()
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


def test_staff_publish_pause_and_cancel(desk, event, general):
    def act(name):
        form = {"action": name, "_selected_action": [event.pk], "confirmed": "yes"}
        answer = desk.post(address(Event, "changelist"), form, follow=True)
        assert answer.status_code == 200
        event.refresh_from_db()
        return event.status

    assert [act(name) for name in ("pause", "publish", "cancel", "publish")] == [
        "paused",
        "published",
        "cancelled",
        "cancelled",
    ]


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


def test_staff_refund_an_order_after_seeing_who_pays(desk, sold, staff):
    chosen = {"action": "refund_in_full", "_selected_action": [sold.pk]}
    page = desk.post(address(Order, "changelist"), chosen)
    assert page.status_code == 200
    for words in ("$100.00 to the buyer", "$91.30 from the organizer", "$8.70 from the platform"):
        assert words in page.content.decode()
    assert not Refund.objects.exists()
    page = desk.post(address(Order, "changelist"), chosen | {"reason": ""})
    assert "This field is required" in page.content.decode()
    form = chosen | {"reason": "Goodwill", "refund_application_fee": "", "restock": "on"}
    page = desk.post(address(Order, "changelist"), form, follow=True)
    assert "$100.00, Refunded." in page.content.decode()
    refund = Refund.objects.get()
    assert (refund.origin, refund.actor, refund.reason, refund.restock) == ("staff", staff, "Goodwill", True)
    entry = AuditEntry.objects.get(action="order.refund_requested")
    assert (entry.actor, entry.actor_kind) == (staff, "staff")
    page = desk.post(address(Order, "changelist"), form, follow=True)
    assert "Nothing is left to refund" in page.content.decode()
    for model in (Refund, OrganizerReceivable):
        assert desk.get(address(model, "changelist")).status_code == 200
    assert desk.get(address(Refund, "change", refund.pk)).status_code == 200


def test_staff_without_the_permission_cant_refund(sold):
    viewer = UserFactory(email="viewer@example.com", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_order"))
    client = Client()
    client.force_login(viewer)
    form = {"action": "refund_in_full", "_selected_action": [sold.pk], "reason": "Mine"}
    client.post(address(Order, "changelist"), form)
    assert not Refund.objects.exists()


def test_staff_release_what_the_dashboard_left_and_settle_it(desk, sold, sandbox, settle):
    sandbox.control("POST", f"/_sandbox/charges/{sold.payments.get().charge_id}/refund", {"amount": 1000})
    settle()
    receivable, refund = OrganizerReceivable.objects.get(), Refund.objects.get()
    assert refund.needs_staff
    chosen = {"action": "release", "_selected_action": [receivable.pk]}
    page = desk.post(address(OrganizerReceivable, "changelist"), chosen, follow=True)
    assert "$0.00 is still owed" in page.content.decode()
    chosen = {"action": "mark_settled", "_selected_action": [refund.pk]}
    desk.post(address(Refund, "changelist"), chosen)
    refund.refresh_from_db()
    assert not refund.needs_staff
    assert (
        AuditEntry.objects.filter(action__in=["receivable.released", "refund.settled_by_staff"]).count() == 2
    )


def test_staff_make_an_organizer_whole_after_a_failed_refund(desk, sold, organizer, sandbox, settle):
    refund = request_refund(sold, actor=organizer, reason="Asked for")
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 50 * 3600})
    sandbox.control("POST", f"/_sandbox/refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()

    def act(name):
        chosen = {"action": name, "_selected_action": [refund.pk]}
        return desk.post(address(Refund, "changelist"), chosen, follow=True).content.decode()

    assert "Make it whole first" in act("mark_settled")
    assert "$91.30 to the organizer, Done." in act("make_whole")
    assert "it needs nobody any more" in act("mark_settled")
    page = desk.get(address(OrganizerTransfer, "changelist")).content.decode()
    assert sold.code in page
    sent = OrganizerTransfer.objects.get()
    assert sent.destination not in desk.get(address(OrganizerTransfer, "change", sent.pk)).content.decode()


def test_staff_write_off_what_is_owed_after_a_warning(desk, sold, organizer, staff):
    request_refund(sold, actor=organizer, reason="Kept", refund_application_fee=False)
    receivable = OrganizerReceivable.objects.get()
    chosen = {"action": "write_off", "_selected_action": [receivable.pk]}
    page = desk.post(address(OrganizerReceivable, "changelist"), chosen).content.decode()
    assert "There is no way back" in page
    assert "owes $8.70" in page
    receivable.refresh_from_db()
    assert receivable.written_off_amount == 0
    form = chosen | {"reason": "Gone"}
    page = desk.post(address(OrganizerReceivable, "changelist"), form, follow=True).content.decode()
    assert "$8.70 is our loss" in page
    assert (
        "owe that much any more"
        in desk.post(address(OrganizerReceivable, "changelist"), form, follow=True).content.decode()
    )
    assert AuditEntry.objects.get(action="receivable.written_off").actor == staff


def test_staff_pay_a_buyer_another_way_after_a_warning(desk, sold, organizer, sandbox, settle):
    refund = request_refund(sold, actor=organizer, reason="Asked for")
    sandbox.control("POST", f"/_sandbox/refunds/{refund.stripe_refund_id}", {"status": "failed"})
    settle()
    chosen = {"action": "pay_otherwise", "_selected_action": [refund.pk]}
    page = desk.post(address(Refund, "changelist"), chosen).content.decode()
    assert "Say how it was paid" in page
    assert "$100.00" in page
    page = desk.post(address(Refund, "changelist"), chosen | {"reason": "In cash"}, follow=True)
    assert "Failed, paid another way." in page.content.decode()


def test_staff_decide_about_a_payment_that_was_put_aside(desk, general, buy, pay, settle):
    start = buy((general, 1))
    Payment.objects.update(amount=4999)
    pay(start.payment.session_id)
    settle()

    def act(name, **more):
        form = {"action": name, "_selected_action": [start.payment.pk]} | more
        return desk.post(address(Payment, "changelist"), form, follow=True).content.decode()

    assert "Stripe still says otherwise: amount: Stripe 5000, ours 4999" in act("accept")
    assert "Refund it first" in act("close")
    assert "amount: Stripe 5000, ours 4999" in act("refund")
    assert not Refund.objects.exists()
    assert "$50.00, Refunded." in act("refund", reason="Charged wrongly")
    assert "This payment needs nobody" in act("close")
