"""What a buyer meets at a ticket type: one derivation for API, pages and checkout."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organization
from connect.models import ConnectedAccount, PaymentSettings
from ticketing.models import Event, TicketType
from ticketing.services.sales import available, fee_absorption_of, is_payment_ready, ticket_status

NOW = timezone.now()
READY = ConnectedAccount(
    stripe_account_id="acct_1",
    details_submitted=True,
    charges_enabled=True,
    payouts_enabled=True,
    transfers_status="active",
)
ONBOARDING = ConnectedAccount(stripe_account_id="acct_1")
RESTRICTED = ConnectedAccount(stripe_account_id="acct_1", details_submitted=True)
DETACHED = ConnectedAccount(stripe_account_id="acct_1", detached_at=NOW)


def make(price_amount=5000, capacity=10, held=0, sold=0, event=None, **fields):
    base = {"status": "published", "starts_at": NOW, "ends_at": NOW + timedelta(days=1), "currency": "usd"}
    made = Event(**base | (event or {}))
    return made, TicketType(
        event=made, price_amount=price_amount, capacity=capacity, held=held, sold=sold, **fields
    )


@pytest.mark.parametrize(
    ("status", "account", "fields", "organization"),
    [
        ("on_sale", READY, {}, {}),
        ("on_sale", None, {"price_amount": 0}, {}),
        ("coming_soon", None, {}, {}),
        ("coming_soon", ONBOARDING, {}, {}),
        ("coming_soon", DETACHED, {}, {}),
        ("paused", RESTRICTED, {}, {}),
        ("paused", READY, {}, {"flagged_at": NOW}),
        ("paused", READY, {"price_amount": 0}, {"flagged_at": NOW}),
        ("paused", READY, {"event": {"status": "paused"}}, {}),
        ("ended", READY, {"event": {"status": "cancelled"}}, {}),
        ("ended", READY, {"event": {"ends_at": NOW}}, {}),
        ("ended", READY, {"sales_end": NOW}, {}),
        ("ended", READY, {"stopped_at": NOW}, {}),
        ("not_started", READY, {"sales_start": NOW + timedelta(seconds=1)}, {}),
        ("on_sale", READY, {"sales_start": NOW, "sales_end": NOW + timedelta(seconds=1)}, {}),
        ("sold_out", READY, {"held": 4, "sold": 6}, {}),
        ("sold_out", READY, {"sold": 9, "min_per_order": 2}, {}),
        ("sold_out", READY, {"event": {"capacity": 5, "sold": 5}}, {}),
        ("not_started", READY, {"sold": 10, "sales_start": NOW + timedelta(days=1)}, {}),
    ],
)
def test_the_status_of_a_ticket_type(status, account, fields, organization):
    event, ticket_type = make(**fields)
    assert ticket_status(ticket_type, event, account, Organization(**organization), NOW) == status


def test_what_is_available_is_bound_by_type_and_event():
    event, ticket_type = make(capacity=10, sold=3)
    assert available(ticket_type, event) == 7
    event, ticket_type = make(capacity=10, sold=3, event={"capacity": 12, "held": 2, "sold": 8})
    assert available(ticket_type, event) == 2


def test_payment_ready_is_the_organizers_account_or_a_free_ticket():
    _, paid = make()
    _, free = make(price_amount=0)
    flagged = Organization(flagged_at=NOW)
    assert is_payment_ready(paid, READY, Organization())
    assert not is_payment_ready(paid, RESTRICTED, Organization())
    assert is_payment_ready(free, None, Organization())
    assert not is_payment_ready(free, READY, flagged)


@pytest.mark.django_db
def test_who_bears_the_fees_is_the_events_choice_then_the_organizations(organization):
    event = Event(organization=organization)
    assert fee_absorption_of(event) == "absorb"
    PaymentSettings.objects.create(organization=organization, fee_absorption="pass_to_buyer")
    organization.refresh_from_db()
    assert fee_absorption_of(Event(organization=Organization.objects.get())) == "pass_to_buyer"
    assert fee_absorption_of(Event(organization=organization, fee_absorption="absorb")) == "absorb"
