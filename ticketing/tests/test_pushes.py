"""What browsers that asked are shown of orders, and who is."""

import pytest

from accounts.models import Membership
from notifications.services.push import own_topic, sign_topic, subscribe
from ticketing.pushes import order_topic
from ticketing.services.buyers import resend_tickets
from ticketing.services.cancellation_work import work_off_cancellations
from ticketing.services.cancellations import cancel_event
from ticketing.services.events import update_event
from ticketing.services.refunds import request_refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(push_service):
    """Subscribe the browser to a topic, under a name of its own."""

    def run(topic: str, name: str) -> None:
        subscribe(push_service.browser(name), signed_topic=sign_topic(topic))

    return run


@pytest.fixture
def told(push_service):
    """Who was told what since the last look."""

    def look() -> dict[str, str]:
        notes = push_service.notes()
        paths = [path.strip("/") for path, _headers, _body in push_service.received]
        push_service.received.clear()
        return {path: note["title"] for path, note in zip(paths, notes, strict=True)}

    return look


def test_buyer_and_organizer_hear_of_a_sale_once(
    ask, told, buy, pay, settle, general, organizer, connected_organization, push_service
):
    start = buy((general, 1))
    member = Membership.objects.get(organization=connected_organization, user=organizer)
    ask(order_topic(start.order), "buyer")
    ask(own_topic("member", member.pk, organizer), "organizer")
    ask(own_topic("member", 999999, organizer), "somebody")
    ask("order:999999:abcdefgh", "another-buyer")
    pay(start.payment.session_id)
    settle()
    settle()
    link = push_service.notes()[0]["url"]
    assert f"/o/{start.order.code}/?key={start.order.key}" in link or "/dashboard/orders/" in link
    assert told() == {
        "buyer": "Your ticket for Night Market has been confirmed!",
        "organizer": "1 ticket sold: Night Market",
    }


def test_a_buyer_who_is_signed_in_hears_of_it_on_every_device(ask, told, buy, pay, settle, general, buyer):
    start = buy((general, 2), user=buyer)
    ask(own_topic("user", buyer.pk, buyer), "thief's")
    buyer.set_password("another-password-7")  # which ends every session, and this with them
    buyer.save()
    ask(own_topic("user", buyer.pk, buyer), "laptop")
    pay(start.payment.session_id)
    settle()
    assert told() == {"laptop": "Your tickets for Night Market have been confirmed!"}


def test_pages_hand_out_topics_of_ones_own(client, sell, general, organizer, push_service):
    sell((general, 1), user=organizer)
    client.force_login(organizer)
    member = Membership.objects.get(user=organizer)
    for path, topic in (
        ("/tickets/", own_topic("user", organizer.pk, organizer)),
        ("/account/notifications/", own_topic("member", member.pk, organizer)),
    ):
        assert f'data-topic="{sign_topic(topic)}"' in client.get(path).content.decode()


def test_a_buyer_hears_of_changes_refunds_and_the_end(ask, told, sell, settle, event, general, organizer):
    order = sell((general, 2))
    ask(order_topic(order), "buyer")
    event.refresh_from_db()
    update_event(event, actor=organizer, venue_name="Hall 2")
    settle()
    assert told() == {"buyer": "Night Market has changed"}
    request_refund(order, actor=organizer, tickets=[order.tickets.first().code], reason="Ill")
    settle()
    assert told() == {"buyer": "$50.00 goes back to you"}
    cancel_event(event, actor=organizer, reason="Storm")
    work_off_cancellations()
    settle()
    assert "Night Market is cancelled" in told().values()


def test_tickets_that_are_sent_once_more_are_no_news(ask, told, sell, settle, general, organizer):
    order = sell((general, 1))
    ask(order_topic(order), "buyer")
    resend_tickets(order, actor=organizer, email=order.email)
    settle()
    assert told() == {}


def test_whoever_had_the_old_address_is_told_no_more(ask, told, sell, settle, event, general, organizer):
    order = sell((general, 1))
    ask(order_topic(order), "old")
    order = resend_tickets(order, actor=organizer, email="other@example.com")
    ask(order_topic(order), "new")
    request_refund(order, actor=organizer, reason="Ill")
    settle()
    assert list(told()) == ["new"]
