"""Fourteen months of a host's Premium, with state, entitlement, fee, mails and books looked at after every step.

Once with Stripe's events in order, once shuffled and each handled twice, once with every event lost: then the sweeps
alone must come to the same.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import User
from accounts.premium import is_premium, premium_until
from accounts.services.organizations import personal_organization
from connect.models import StripeEvent
from connect.registry import find_handler
from connect.selectors import get_terms
from ledger import chart
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from maly.tests.books import _assert_same_as_stripe
from notifications.models import Message
from notifications.registry import render_message
from premium import tasks
from premium.access import find_subscription
from premium.models import PlanChange, PremiumInvoice
from premium.services import changes, lifecycle
from premium.services.checkouts import start_checkout
from premium.services.prices import create_prices

pytestmark = pytest.mark.django_db

BEGIN = datetime(2027, 1, 31, 10, 0, tzinfo=UTC)
GOOD, BAD = "4242424242424242", "4000000000000341"
MONTH, YEAR = 2900, 29000
# Once a period is over Stripe drafts the next invoice, and charges it an hour later.
CHARGED = timedelta(hours=2)


@dataclass
class Life:
    """One host, Stripe, and the clock that both live by."""

    user: User
    sandbox: Any
    settle: Callable[[], None]
    clock: Any
    way: str
    earned: int = 0
    told: Counter[str] = field(default_factory=Counter)
    seen_events: int = 0
    gone: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    @property
    def subscription(self) -> Any:
        return find_subscription(self.user)

    def go(self, to: datetime) -> None:
        """Let time pass to a moment: what falls due happens, and an hour later what that has brought about.

        Stripe's stand-in plans the next renewal from when it did the last one, so it is always looked at a little later
        than the time before.
        """
        self.gone += 1
        self.clock.move_to(to - CHARGED + timedelta(minutes=5 + self.gone))
        self.sandbox.pump()
        self.clock.move_to(to)
        self.happen()

    def happen(self) -> None:
        self.settle()
        if self.way == "shuffled":
            self._handle_again()
        if self.way == "lost":
            self.clock.shift(timedelta(minutes=3))  # Stripe's fee is asked for when no event has told of it
            tasks.follow_subscriptions()
            tasks.resolve_unanswered()
        tasks.follow_time()
        self.settle()

    def subscribe(self) -> None:
        checkout = start_checkout(self.user, plan="monthly")
        self.control(f"checkout/{checkout.session_id}/pay", card=GOOD)
        if self.way == "lost":
            lifecycle.verify_checkout(self.user, str(checkout.session_id))
        self.happen()

    def change_card(self, number: str) -> None:
        self.control(f"subscriptions/{self.subscription.stripe_subscription_id}", card=number)

    def change_plan(self, plan: str) -> PlanChange:
        offer = changes.offer_change(self.user, plan=plan)
        changes.take_change(self.user, offer.token)
        self.happen()
        return offer

    def control(self, path: str, **body: Any) -> Any:
        status, answer = self.sandbox.control("POST", f"/_sandbox/{path}", body)
        assert status == 200, answer
        return answer

    def _handle_again(self) -> None:
        """Every event of this step once more, in any order: the inbox may hand one to two workers."""
        new = list(StripeEvent.objects.filter(pk__gt=self.seen_events))
        self.seen_events = max([self.seen_events, *(event.pk for event in new)])
        self.dice.shuffle(new)
        for event in new:
            handler = find_handler(event)
            if handler is not None and event.status == "processed":
                handler(event)

    def expect(
        self, status: str, *, charged: int = 0, is_on: bool = True, told: dict[str, int] | None = None
    ) -> None:
        """What must be so now: state, entitlement, fee, the mails since the last look, revenue, books and balances."""
        self.earned += charged
        assert self.subscription.status == status
        assert is_premium(self.user) == is_on
        percent = get_terms(self.user.personal_organization, "usd").percent
        assert percent == (2 if is_on else 3)
        assert -balance(chart.revenue_premium(), currency="usd") == self.earned
        self.told.update(told or {})
        assert Counter(Message.objects.values_list("kind", flat=True)) == self.told
        assert verify_ledger().violations == []
        _assert_same_as_stripe(self.sandbox)


@pytest.fixture(params=["in order", "shuffled", "lost"])
def life(request: Any, buyer: User, sandbox: Any, settle: Callable[[], None]) -> Iterator[Life]:
    personal_organization(buyer)
    with time_machine.travel(BEGIN) as clock:
        create_prices()
        modes = {"in order": "normal", "shuffled": "shuffle", "lost": "drop"}
        sandbox.control("POST", "/_sandbox/platform", {"schedule": {"interval": "manual"}})
        sandbox.control("POST", "/_sandbox/delivery", {"mode": modes[request.param], "seed": 7})
        yield Life(buyer, sandbox, settle, clock, request.param)


def test_fourteen_months(life: Life) -> None:
    paid = {"premium_receipt": 1}
    failed = {"premium_payment_failed": 1}

    # Month 1: the first payment, by calendar months from the last day of January.
    life.subscribe()
    life.expect("active", charged=MONTH, told={"premium_welcome": 1, **paid})
    assert life.subscription.current_period_end.date().isoformat() == "2027-02-28"

    # Month 2 renews.
    life.go(life.subscription.current_period_end + CHARGED)
    life.expect("active", charged=MONTH, told=paid)
    assert life.subscription.current_period_end.date().isoformat() == "2027-03-31"

    # Month 3: the card fails, Premium lasts through the grace, a new card pays.
    life.change_card(BAD)
    unpaid = life.subscription.current_period_end
    life.go(unpaid + CHARGED)
    life.expect("past_due", told=failed)
    assert premium_until(life.user) == life.subscription.grace_until
    assert life.subscription.grace_until - unpaid <= timedelta(days=7, hours=1)
    life.go(unpaid + timedelta(days=3, hours=3))
    life.expect("past_due", told=failed)
    life.change_card(GOOD)
    life.go(unpaid + timedelta(days=8, hours=9))
    life.expect("active", charged=MONTH, told=paid)
    assert life.subscription.grace_until is None

    # Month 4 renews; in month 5 the card fails for good: grace, then off, then canceled.
    life.go(life.subscription.current_period_end + CHARGED)
    life.expect("active", charged=MONTH, told=paid)
    life.change_card(BAD)
    unpaid = life.subscription.current_period_end
    life.go(unpaid + CHARGED)
    life.expect("past_due", told=failed)
    life.go(unpaid + timedelta(days=3, hours=3))
    life.expect("past_due", told=failed)
    life.go(unpaid + timedelta(days=6))
    life.expect("past_due", told=failed)  # that the grace ends
    life.go(unpaid + timedelta(days=7, hours=12))
    life.expect("past_due", is_on=False)
    life.go(unpaid + timedelta(days=8, hours=6))
    life.expect("past_due", is_on=False, told=failed)
    life.go(unpaid + timedelta(days=15, hours=12))
    life.expect("canceled", is_on=False, told={**failed, "premium_canceled": 1})

    # Month 6: a new beginning; month 7 renews.
    first = life.subscription
    life.go(unpaid + timedelta(days=31))
    life.subscribe()
    assert life.subscription.pk != first.pk
    life.expect("active", charged=MONTH, told={"premium_welcome": 1, **paid})
    life.go(life.subscription.current_period_end + CHARGED)
    life.expect("active", charged=MONTH, told=paid)

    # Month 8: canceled and resumed; it renews as if nothing had been.
    lifecycle.cancel_at_period_end(life.user)
    life.happen()
    assert life.subscription.cancel_at_period_end
    assert premium_until(life.user) == life.subscription.current_period_end
    life.expect("active", told={"premium_canceled": 1})
    lifecycle.resume(life.user)
    life.happen()
    assert not life.subscription.cancel_at_period_end
    life.go(life.subscription.current_period_end + CHARGED)
    life.expect("active", charged=MONTH, told=paid)

    # Month 9, in its middle: yearly, at the price that was shown.
    life.go(life.subscription.current_period_start + timedelta(days=15))
    shown = life.change_plan("yearly")
    assert YEAR - MONTH < shown.amount < YEAR
    assert (life.subscription.subscription_type, life.subscription.amount) == ("yearly", YEAR)
    life.expect("active", charged=shown.amount, told=paid)
    assert life.subscription.current_period_end - shown.prorated_at > timedelta(days=364)

    # Month 11: back to monthly. What is left of the year pays it and the months to come: no money moves.
    life.go(shown.prorated_at + timedelta(days=75))
    back = life.change_plan("monthly")
    assert (back.amount, back.credit_amount > 6 * MONTH) == (0, True)
    life.expect("active")
    for _month in (12, 13, 14):
        life.go(life.subscription.current_period_end + CHARGED)
        life.expect("active")
        newest = PremiumInvoice.objects.order_by("-issued_at").first()
        assert newest is not None
        assert (newest.status, newest.total_amount, newest.charged_amount) == ("paid", MONTH, 0)

    # Month 15 is the last: canceled, reminded, over.
    lifecycle.cancel_at_period_end(life.user)
    life.happen()
    life.expect("active", told={"premium_canceled": 1})
    end = life.subscription.current_period_end
    life.go(end - timedelta(days=2))
    life.expect("active", told={"premium_ending": 1})
    life.go(end + CHARGED)
    life.expect("canceled", is_on=False, told={"premium_canceled": 1})
    assert end - BEGIN > timedelta(days=14 * 30)
    # The outbox goes by the database's clock, which doesn't travel.
    for message in Message.objects.all():
        assert render_message(message.kind, message.ids).text
