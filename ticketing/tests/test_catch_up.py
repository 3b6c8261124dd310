"""What happens to a purchase whose webhooks were lost: Stripe's list of events, or the session itself, tells of it."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from connect.models import EventCursor, StripeEvent
from connect.services.catch_up import catch_up
from connect.tasks import catch_up_events, process_due_events
from maly.crash import install_hook
from ticketing.models import Order, Payment
from ticketing.services.session_sweeps import find_paid_sessions
from ticketing.tests.books import read_books

pytestmark = pytest.mark.django_db


@pytest.fixture
def lose(sandbox):
    """Every webhook from now on is lost."""

    def run() -> None:
        status, answer = sandbox.control("POST", "/_sandbox/delivery", {"mode": "drop"})
        assert status == 200, answer

    return run


@pytest.fixture
def lost_purchase(buy, pay, general, lose, sandbox):
    """A buyer has paid and closed the browser, and Stripe's webhooks never arrived."""
    start = buy((general, 2))
    lose()
    pay(start.payment.session_id)
    sandbox.pump()
    assert Order.objects.get().status == Order.Status.AWAITING_PAYMENT
    return start


def soon():
    return timezone.now() + timedelta(minutes=2)


def test_a_lost_purchase_is_settled_from_stripes_list_of_events(lost_purchase):
    done = catch_up(now=soon())
    assert done.found > 0
    process_due_events()
    order = Order.objects.get()
    assert order.status == Order.Status.PAID
    assert order.tickets.count() == 2
    assert Payment.objects.get().stripe_fee_amount
    assert read_books(order).organizer == 9130
    assert not StripeEvent.objects.exclude(status__in=["processed", "ignored"]).exists()


def test_the_task_brings_the_events_and_works_them_off(lost_purchase, monkeypatch):
    monkeypatch.setattr("connect.services.catch_up.YOUNG", timedelta(minutes=-2))
    assert catch_up_events() > 0
    assert Order.objects.get().status == Order.Status.PAID
    assert catch_up_events() == 0


def test_events_are_found_once_and_the_cursor_moves_on(lost_purchase):
    first = catch_up(now=soon())
    stored = StripeEvent.objects.count()
    assert catch_up(now=soon()).found == 0
    assert StripeEvent.objects.count() == stored
    cursor = EventCursor.objects.get(account_id="")
    assert cursor.found + EventCursor.objects.exclude(account_id="").get().found == first.found
    assert cursor.complete_at is not None


def test_what_webhooks_brought_is_not_stored_again(sell, general):
    sell((general, 1))
    before = set(StripeEvent.objects.values_list("endpoint", "event_id"))
    assert catch_up(now=soon()).found == 0
    assert set(StripeEvent.objects.values_list("endpoint", "event_id")) == before


def test_a_webhook_that_comes_after_all_finds_its_event(lost_purchase, sandbox, settle):
    catch_up(now=soon())
    process_due_events()
    sandbox.control("POST", "/_sandbox/delivery", {"mode": "normal"})
    for event in StripeEvent.objects.all():
        sandbox.control("POST", f"/_sandbox/events/{event.event_id}/resend", {})
    stored = StripeEvent.objects.count()
    settle()
    assert StripeEvent.objects.count() == stored
    assert Order.objects.get().tickets.count() == 2


def test_an_accounts_events_are_stored_as_its_webhooks_are(lost_purchase, sandbox, connected_organization):
    account = connected_organization.connected_accounts.get().stripe_account_id
    status, _answer = sandbox.control("POST", f"/_sandbox/accounts/{account}", {"outcome": "currently_due"})
    assert status == 200
    catch_up(now=soon())
    stored = StripeEvent.objects.filter(endpoint="connect", type="account.updated").latest("pk")
    assert stored.account == account
    assert stored.payload["account"] == account
    assert stored.object_id == account


@pytest.mark.unsettled("its events are lost, and it is too early to ask")
def test_an_event_that_is_young_is_left_to_its_webhook(lost_purchase):
    assert catch_up(now=timezone.now() - timedelta(minutes=5)).found == 0


@pytest.mark.unsettled("its events are lost, and too old to be had again")
def test_nothing_older_than_thirty_days_is_asked_for(lost_purchase, sandbox):
    catch_up(now=timezone.now() + timedelta(days=90))
    _status, rows = sandbox.control("GET", "/_sandbox/requests?path=/v1/events")
    oldest = timezone.now() + timedelta(days=60)
    assert {int(row["params"]["created"]["gte"]) // 60 for row in rows} == {int(oldest.timestamp()) // 60}


def test_an_account_that_cannot_be_read_stops_no_other(lost_purchase, sandbox):
    fault = {"method": "GET", "path": "/v1/events", "effect": "error_500", "times": 1}
    status, answer = sandbox.control("POST", "/_sandbox/faults", fault)
    assert status == 200, answer
    done = catch_up(now=soon())
    assert len(done.unread) == 1
    assert done.accounts == 1
    assert catch_up(now=soon()).unread == []


class Killed(Exception):
    """Stands for SIGKILL."""


@pytest.mark.parametrize("point", ["connect.event_stored", "connect.page_caught_up"])
def test_killed_anywhere_the_next_run_brings_the_rest(point, lost_purchase, monkeypatch):
    monkeypatch.setattr("connect.list_calls.PAGE", 2)

    def kill(name):
        if name == point:
            raise Killed

    for _time in range(2):
        install_hook(kill)
        try:
            with pytest.raises(Killed):
                catch_up(now=soon())
        finally:
            install_hook(None)
    assert EventCursor.objects.get(account_id="").complete_at is None
    catch_up(now=soon())
    process_due_events()
    order = Order.objects.get()
    assert order.status == Order.Status.PAID
    assert read_books(order).organizer == 9130


def test_replay_webhooks_brings_what_was_missed(lost_purchase, capsys, monkeypatch):
    monkeypatch.setattr("connect.services.catch_up.YOUNG", timedelta(minutes=-2))
    call_command("replay_webhooks", "--missed", "--now")
    assert "no webhook brought" in capsys.readouterr().out
    assert Order.objects.get().status == Order.Status.PAID


@pytest.mark.unsettled("the events of its charge are lost")
def test_a_paid_session_is_found_without_any_event(lost_purchase):
    assert find_paid_sessions(now=timezone.now() + timedelta(minutes=6)) == 1
    assert Order.objects.get().status == Order.Status.PAID


def test_an_open_session_is_asked_and_keeps_its_hold(buy, general):
    start = buy((general, 1))
    assert find_paid_sessions(now=timezone.now() + timedelta(minutes=6)) == 0
    order = Order.objects.get()
    assert order.status == Order.Status.AWAITING_PAYMENT
    assert Payment.objects.get(pk=start.payment.pk).status == Payment.Status.OPEN


@pytest.mark.unsettled("its events are lost, and it is too early to ask")
def test_a_session_that_is_five_minutes_old_is_left_alone(lost_purchase, sandbox):
    asked = f"/_sandbox/requests?path=/v1/checkout/sessions/{lost_purchase.payment.session_id}"
    assert find_paid_sessions(now=timezone.now() + timedelta(minutes=4)) == 0
    assert sandbox.control("GET", asked)[1] == []
