"""What the preview of a cancellation says is what happens: over mixed orders, to the cent, for every party."""

import random
from dataclasses import asdict
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connect.models import FeePlan
from connect.services.terms import assign_plan, set_override
from maly.errors import MalyError
from ticketing.models import (
    CancelledOrder,
    EventCancellation,
    Order,
    OrganizerReceivable,
    Payment,
    Refund,
    Ticket,
)
from ticketing.services.cancellation_preview import preview_cancellation
from ticketing.services.cancellation_work import work_off_cancellations
from ticketing.services.cancellations import cancel_event
from ticketing.services.events import update_event
from ticketing.services.refunds import request_refund
from ticketing.tests.books import held_by, read_books
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def dispute(sandbox, settle):
    """Have the buyer's bank ask the money back."""

    def ask_back(order):
        charge = order.payments.get(status="succeeded").charge_id
        sandbox.control("POST", f"/_sandbox/charges/{charge}/dispute", {"reason": "fraudulent"})
        settle()

    return ask_back


@pytest.fixture
def sell_at_random(event, general, buy, sell, organizer, staff, dispute):
    """Orders of both plans, in both absorptions: some free, unpaid, refunded in part, or disputed."""
    kinds = [
        general,
        TicketTypeFactory(event=event, price_amount=1010, name="Small"),
        TicketTypeFactory(event=event, price_amount=0, name="Free"),
    ]

    def change_terms(dice):
        plan = FeePlan.objects.get(code=dice.choice(["host", "organization"]))
        assign_plan(event.organization, plan=plan, actor=staff, reason="A trial")
        update_event(event, actor=organizer, fee_absorption=dice.choice(["absorb", "pass_to_buyer"]))

    def refund_some(dice, order):
        for _ in range(dice.randrange(3)):
            live = list(order.tickets.exclude(status="cancelled").values_list("code", flat=True))
            wish = {"tickets": live[:1]} if dice.random() < 0.5 else {"amount": dice.randrange(1, 900)}
            try:
                request_refund(
                    order,
                    actor=organizer,
                    reason="Some",
                    refund_application_fee=dice.choice([None, True, False]),
                    **wish,
                )
            except MalyError:
                continue

    def run(seed, number=9):
        dice = random.Random(seed)  # noqa: S311  a play, no secret
        for index in range(number):
            change_terms(dice)
            wanted = [(kind, dice.randrange(1, 4)) for kind in dice.sample(kinds, dice.randrange(1, 3))]
            if dice.random() < 0.2:
                buy(*wanted, email=f"{index}@example.com")
                continue
            is_free = all(kind.price_amount == 0 for kind, _ in wanted)
            order = (
                buy(*wanted, email=f"{index}@example.com").order
                if is_free
                else sell(*wanted, email=f"{index}@example.com")
            )
            refund_some(dice, order)
            if not is_free and dice.random() < 0.2:
                dispute(order)

    return run


def outcome(event, before):
    """What the job did, by what is there now: rows of ours, and Stripe's balances."""
    refunds = Refund.objects.filter(origin="event_cancelled")
    paid = Payment.objects.filter(refunds__in=refunds)
    owed = OrganizerReceivable.objects.filter(refund__in=refunds)
    rows = CancelledOrder.objects.filter(cancellation__event=event)
    account = event.organization.connected_accounts.get().stripe_account_id
    return {
        "orders": rows.count(),
        "tickets": Ticket.objects.filter(status="cancelled").count() - before["cancelled"],
        "refunded_orders": rows.filter(state="refunded").count(),
        "free_orders": rows.filter(state="nothing_to_refund", order__total_amount=0).count(),
        "unpaid_orders": rows.filter(state="closed").count(),
        "disputed_orders": rows.filter(state="disputed").count(),
        "buyers_get_amount": sum(refunds.values_list("amount", flat=True)),
        "from_platform_amount": sum(refunds.values_list("fee_amount", flat=True)),
        "organizer_funds_amount": before["held"] - held_by(account),
        "platform_fronts_amount": sum(each.open_amount for each in owed),
        "stripe_fee_amount": sum(paid.values_list("stripe_fee_amount", flat=True)),
    }


@pytest.mark.parametrize(
    ("seed", "gives_fee_back"), [(0, None), (1, True), (2, False), (3, None), (4, True), (5, False)]
)
def test_what_the_preview_says_is_what_happens(
    seed, gives_fee_back, event, organizer, sell_at_random, settle, sandbox
):
    sell_at_random(seed)
    settle()
    account = event.organization.connected_accounts.get().stripe_account_id
    if seed % 2:  # the bank has some of it already
        sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 4 * 86400})
        sandbox.control("POST", "/_sandbox/payouts", {"account": account, "outcome": "paid"})
        settle()
        sell_at_random(seed + 100, 2)
    before = {
        "held": held_by(account),
        "cancelled": Ticket.objects.filter(status="cancelled").count(),
    }
    earlier_debt = sum(each.open_amount for each in OrganizerReceivable.objects.all())
    preview = preview_cancellation(event, gives_fee_back=gives_fee_back)
    said = {**asdict(preview), "platform_fronts_amount": preview.platform_fronts_amount}
    cancel_event(event, actor=organizer, gives_fee_back=gives_fee_back)
    for _ in range(3):
        work_off_cancellations()
        CancelledOrder.objects.filter(state="waiting").update(due_at=event.created_at)
    assert EventCancellation.objects.get().state == "done"
    happened = outcome(event, before)
    assert {name: said[name] for name in happened} == happened
    assert said["from_organizer_amount"] == said["organizer_funds_amount"] + said["platform_fronts_amount"]
    settle()
    paid = Order.objects.filter(completed_at__isnull=False, total_amount__gt=0).first()
    assert paid is not None
    assert read_books(paid).owed == earlier_debt + said["platform_fronts_amount"]
    assert set(Order.objects.values_list("status", flat=True)) <= {
        "refunded",
        "cancelled",
        "expired",
        "disputed",
    }


def test_what_buyers_get_is_all_that_was_paid_and_not_yet_refunded(event, sell_at_random, organizer):
    sell_at_random(7)
    paid = Order.objects.filter(completed_at__isnull=False).exclude(status="disputed")
    refunds = Refund.objects.filter(order__in=paid)
    settled = sum(refund.organizer_part_amount + refund.fee_part_amount for refund in refunds)
    assert preview_cancellation(event).buyers_get_amount == (
        sum(paid.values_list("total_amount", flat=True)) - settled
    )


def test_the_preview_takes_as_many_statements_for_6_orders_as_for_2(event, general, sell):
    def look(number):
        for index in range(number):
            sell((general, 1), email=f"{index}@example.com")
        with CaptureQueriesContext(connection) as statements:
            preview_cancellation(event)
        return len(statements)

    assert look(2) == look(4) <= 6


def test_the_preview_does_without_a_stripe_that_is_away(event, general, sell, sandbox):
    sell((general, 1))
    fault = {"method": "GET", "path": "/v1/balance", "effect": "error_500", "times": 9}
    sandbox.control("POST", "/_sandbox/faults", fault)
    preview = preview_cancellation(event)
    assert (preview.organizer_funds_amount, preview.platform_fronts_amount) == (None, None)
    assert preview.buyers_get_amount == 5000


def test_an_override_is_previewed_by_what_the_order_froze(event, general, sell, staff):
    sell((general, 1))
    set_override(event.organization, percent=Decimal(9), fixed_amount=0, actor=staff, reason="A trial")
    preview = preview_cancellation(event)
    assert (preview.from_organizer_amount, preview.from_platform_amount) == (4550, 450)
