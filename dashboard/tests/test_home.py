"""The organizer's first page: the first steps, what waits, today's numbers, the next events, the last orders."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, User
from connect.models import ConnectedAccount
from dashboard.selectors.home import midnight
from payouts.models import LastSeen, PayoutStatus
from payouts.tests.conftest import control
from payouts.tests.factories import OrganizerPayoutFactory
from ticketing.models import CancelledOrder, Event, EventCancellation, Order
from ticketing.services import checkout
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db
Sell = Callable[..., Order]


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def home_of(user: Any) -> str:
    """The page in one line."""
    answer = browser(user).get("/dashboard/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.fixture
def event(organization: Organization) -> Event:
    starts_at = timezone.now() + timedelta(days=5)
    event = EventFactory(
        organization=organization,
        slug="candlelight",
        title="Candlelight",
        starts_at=starts_at,
        timezone="Europe/London",
    )
    TicketTypeFactory(event=event, name="Adult", capacity=40)
    return event


@pytest.fixture
def draft(organization: Organization) -> Event:
    return EventFactory(organization=organization, slug="carols", title="Carols", status=Event.Status.DRAFT)


@pytest.fixture
def sell(connected_organization: Organization, sandbox: Any, settle: Callable[[], None]) -> Sell:
    """Sell tickets at $50.00, of which the organizer gets $45.50 when one is sold alone."""

    def run(quantity: int = 1, *, event: Event | None = None, price_amount: int = 5000) -> Order:
        event = event or EventFactory(organization=connected_organization, title="Night Market")
        kind = TicketTypeFactory(event=event, price_amount=price_amount)
        wanted = [checkout.Item(kind.public_id, quantity)]
        start = checkout.start_checkout(event, items=wanted, email="ada@example.com", name="Ada Obi")
        if start.payment:
            control(sandbox, f"checkout/{start.payment.session_id}/pay", card="4000000000000077")
        settle()
        return Order.objects.get(pk=start.order.pk)

    return run


# --- who sees the page


def test_it_shows_the_next_events_and_that_paid_tickets_wait_for_stripe(
    organizer: User, event: Event
) -> None:
    Event.objects.update(sold=3)
    page = home_of(organizer)
    assert "Candlelight" in page
    assert "3 of 40 sold" in page
    assert "Paid tickets aren&#x27;t on sale yet" in page
    assert "Not connected" in page
    assert "/dashboard/events/candlelight/" in page


def test_a_scanner_sees_events_with_their_doors_and_nothing_else(
    scanner: User, event: Event, sell: Sell
) -> None:
    sell(event=event)
    page = home_of(scanner)
    assert "Candlelight" in page
    assert '"/dashboard/events/candlelight/check-in/"' in page
    for words in ("Payment settings", "Net to you", "Today", "Last orders", "Needs attention", "Ada Obi"):
        assert words not in page, words
    assert "Create event" not in page


def test_a_scanner_before_the_first_event_is_not_asked_to_set_it_up(scanner: User) -> None:
    page = home_of(scanner)
    assert "Nothing is planned." in page
    assert "Set up your first event" not in page
    assert "/dashboard/events/new/" not in page


def test_a_stranger_sees_nothing_of_it(
    stranger: User, event: Event, sell: Sell, sandbox: Any, settle: Callable[[], None]
) -> None:
    order = sell(event=event)
    control(sandbox, f"charges/{order.payments.get().charge_id}/dispute")
    settle()
    cancellation = EventCancellation.objects.create(event=event)
    CancelledOrder.objects.create(cancellation=cancellation, order=order, state="needs_staff")
    EventFactory(organization=stranger.memberships.get().organization, title="Their own")
    page = home_of(stranger)
    assert "Their own" in page
    assert "Candlelight" not in page
    assert order.code not in page
    assert "Needs attention" not in page
    assert "No orders yet today." in page


def test_somebody_without_an_organization_is_shown_how_to_begin(buyer: User) -> None:
    assert "Sell under my own name" in home_of(buyer)


def test_visitors_sign_in_first_and_only_get_is_taken(db: None, organizer: User) -> None:
    assert Client().get("/dashboard/").status_code == 302
    assert browser(organizer).post("/dashboard/").status_code == 405


# --- first steps


def test_the_first_run_leads_to_the_event_and_says_what_needs_it(organizer: User) -> None:
    page = home_of(organizer)
    assert "Set up your first event" in page
    assert "0 of 4 done" in page
    assert '"/dashboard/events/new/">Create event' in page
    assert page.count("Needs step 1") == 2
    assert "Connect with Stripe" in page
    assert "Last orders" not in page


def test_a_draft_leads_to_its_tickets_then_to_publishing(organizer: User, draft: Event) -> None:
    page = home_of(organizer)
    assert "1 of 4 done" in page
    assert '"/dashboard/events/carols/tickets/new/">Add tickets' in page
    assert "Needs step 2" in page
    TicketTypeFactory(event=draft, name="Adult")
    page = home_of(organizer)
    assert "2 of 4 done" in page
    assert '"/dashboard/events/carols/">Look and publish' in page


def test_free_tickets_need_no_stripe_and_a_date_that_is_over_is_told(organizer: User, draft: Event) -> None:
    TicketTypeFactory(event=draft, price_amount=0)
    page = home_of(organizer)
    assert "3 of 4 done" in page
    assert "Not needed" in page
    past = timezone.now() - timedelta(days=2)
    Event.objects.update(starts_at=past, ends_at=past + timedelta(hours=1))
    assert '"/dashboard/events/carols/edit/#when">Set a date' in home_of(organizer)


def test_a_manager_is_not_led_to_stripe(manager: User, draft: Event) -> None:
    page = home_of(manager)
    assert "An admin of your team does it." in page
    assert "/dashboard/settings/payments/" not in page


def test_a_connected_account_is_a_step_done(
    organizer: User, draft: Event, connected_organization: Organization
) -> None:
    TicketTypeFactory(event=draft)
    assert "3 of 4 done" in home_of(organizer)


def test_the_steps_are_gone_for_good_once_an_event_was_published(organizer: User, draft: Event) -> None:
    Event.objects.update(status=Event.Status.CANCELLED)
    page = home_of(organizer)
    assert "Set up your first event" not in page
    assert "Nothing is planned." in page
    assert "No orders yet today." in page
    assert "Needs attention" not in page


# --- what waits


def test_stripe_is_quoted_with_its_deadline_to_those_who_may_answer(
    organizer: User, manager: User, event: Event, connected_organization: Organization
) -> None:
    assert "Needs attention" not in home_of(organizer)
    due = {"currently_due": ["individual.dob.day", "external_account"], "current_deadline": 1795000000}
    ConnectedAccount.objects.update(requirements=due)
    page = home_of(organizer)
    assert "Stripe needs 2 things before Wed 18 Nov 2026" in page
    assert "Bank account for payouts" in page
    assert '"/dashboard/settings/payments/">Payment settings' in page
    assert "Needs attention" not in home_of(manager)


def test_a_failed_payout_waits_until_a_later_one_arrives(
    organizer: User, manager: User, event: Event, connected_organization: Organization
) -> None:
    account = ConnectedAccount.objects.get()
    failed = OrganizerPayoutFactory(
        connected_account=account, status=PayoutStatus.FAILED, failure_code="account_closed"
    )
    OrganizerPayoutFactory(connected_account=account, currency="eur")
    page = home_of(organizer)
    assert "Payout of $10.00 from" in page
    assert "The bank account has been closed." in page
    assert f'"/dashboard/payouts/{failed.stripe_payout_id}/"' in page
    assert "Payout of" not in home_of(manager)
    OrganizerPayoutFactory(connected_account=account)
    assert "Payout of" not in home_of(organizer)


def test_a_dispute_waits_with_its_last_day_until_it_is_answered(
    manager: User, sell: Sell, sandbox: Any, settle: Callable[[], None]
) -> None:
    order = sell()
    charge = order.payments.get().charge_id
    control(sandbox, f"charges/{charge}/dispute", reason="product_not_received")
    settle()
    dispute = order.disputes.get()
    page = home_of(manager)
    assert f"Dispute on order {order.code}, $50.00: reply by" in page
    assert "The buyer says that they didn&#x27;t get what they paid for." in page
    assert f'"/dashboard/disputes/{dispute.stripe_dispute_id}/">See the dispute' in page
    dispute.due_by = timezone.now() - timedelta(minutes=1)
    dispute.save()
    assert "Dispute on order" not in home_of(manager)


def test_refunds_of_a_cancelled_event_that_are_stuck_are_shown_to_admins(
    organizer: User, manager: User, event: Event, sell: Sell
) -> None:
    cancellation = EventCancellation.objects.create(event=event)
    for state in (CancelledOrder.State.NEEDS_STAFF, CancelledOrder.State.WAITING):
        CancelledOrder.objects.create(cancellation=cancellation, order=sell(price_amount=0), state=state)
    page = home_of(organizer)
    assert "1 refund of Candlelight needs a closer look" in page
    assert '"/dashboard/events/candlelight/cancel/"' in page
    assert "closer look" not in home_of(manager)


def test_what_is_due_first_stands_first(
    organizer: User, sell: Sell, sandbox: Any, settle: Callable[[], None]
) -> None:
    charge = sell().payments.get().charge_id
    control(sandbox, f"charges/{charge}/dispute")
    settle()
    ConnectedAccount.objects.update(
        charges_enabled=False, requirements={"past_due": ["external_account"], "disabled_reason": "x"}
    )
    page = home_of(organizer)
    assert "2 things, soonest first" in page
    places = [page.index(words) for words in ("Stripe needs 1 thing", "Dispute on order")]
    assert places == sorted(places)


# --- numbers


def test_today_counts_what_was_sold_since_midnight_less_what_went_back(
    manager: User, organizer: User, sell: Sell, settle: Callable[[], None]
) -> None:
    for quantity, days in ((5, 2), (4, 1)):
        earlier = sell(quantity)
        Order.objects.filter(pk=earlier.pk).update(completed_at=timezone.now() - timedelta(days=days))
    back = sell(2)
    sell()
    sell(price_amount=0)
    request_refund(back, actor=organizer, reason="Ill")
    settle()
    page = home_of(manager)
    assert '<dt>Orders</dt><dd class="figure">3</dd>' in page
    assert '<dt>Tickets</dt><dd class="figure">4</dd>' in page
    assert '<dt>Net to you</dt><dd class="figure">$45.50</dd>' in page
    assert '<dd class="hint">1 yesterday</dd>' in page
    assert '<dd class="hint">4 yesterday</dd>' in page


def test_admins_see_the_next_payout_as_it_was_last_seen(
    organizer: User, manager: User, event: Event, connected_organization: Organization
) -> None:
    assert "Next payout" not in home_of(organizer)
    LastSeen.objects.create(
        connected_account=ConnectedAccount.objects.get(),
        available={"usd": 128450},
        schedule={"interval": "weekly", "weekly_anchor": "monday"},
        payouts_enabled=True,
        seen_at=timezone.now(),
    )
    page = home_of(organizer)
    assert '<dt>Next payout</dt><dd class="figure"><a href="/dashboard/payouts/">$1,284.50</a></dd>' in page
    assert "about, on Mon " in page
    assert "Next payout" not in home_of(manager)
    LastSeen.objects.update(seen_at=timezone.now() - timedelta(days=2))
    assert "Next payout" not in home_of(organizer)


def test_each_currency_has_its_own_net(manager: User, sell: Sell) -> None:
    sell()
    other = sell(price_amount=0)
    Order.objects.filter(pk=other.pk).update(currency="eur")
    page = home_of(manager)
    assert "<dt>Net to you, USD</dt>" in page
    assert "<dt>Net to you, EUR</dt>" in page
    assert '<dt>Orders</dt><dd class="figure">2</dd>' in page


def test_the_day_is_that_of_the_events_or_utc_where_they_differ(
    manager: User, organization: Organization, event: Event
) -> None:
    Event.objects.update(timezone="Asia/Dubai")
    assert "Since midnight, UTC+04" in home_of(manager)
    EventFactory(organization=organization, timezone="Europe/Paris")
    assert "Since midnight, UTC<" in home_of(manager)
    late = timezone.datetime(2026, 11, 22, 21, 30, tzinfo=timezone.get_default_timezone())
    assert midnight(late, "Asia/Dubai").isoformat() == "2026-11-23T00:00:00+04:00"


def test_the_last_five_orders_are_the_newest(manager: User, sell: Sell) -> None:
    orders = [sell(price_amount=0) for _ in range(6)]
    page = home_of(manager)
    assert orders[0].code not in page
    places = [page.index(order.code) for order in reversed(orders[1:])]
    assert places == sorted(places)


def test_the_first_steps_take_a_fixed_number_of_statements(
    organizer: User, organization: Organization, draft: Event, django_assert_num_queries: Any
) -> None:
    client = browser(organizer)
    client.get("/dashboard/")
    for _round in range(2):
        with django_assert_num_queries(7):  # session, user, memberships; zones, account, draft and types
            client.get("/dashboard/")
        TicketTypeFactory(event=draft)
        EventFactory(organization=organization, status=Event.Status.DRAFT)
