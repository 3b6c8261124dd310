"""That the simulation finds bugs: a guard taken away by hand is noticed, with no test that knows of it."""

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from maly.tests.simulation.machine import Marketplace, play
from payouts import postings as payout_postings
from ticketing import postings
from ticketing.models import Order
from ticketing.services import disputes, fulfillment, stock
from ticketing.services.tickets import issue_tickets

pytestmark = [
    pytest.mark.broken_books("that is what the bugs are for"),
    pytest.mark.unsettled("a run that has failed stops where it is"),
]
Patch = pytest.MonkeyPatch


def a_second_delivery_issues_tickets_again(patch: Patch) -> None:
    converge = fulfillment._converge

    def twice(order: Order, payment: Any, session: Any, *, actor_kind: str) -> None:
        if order.status == Order.Status.PAID:
            issue_tickets(order, list(order.lines.all()))
        converge(order, payment, session, actor_kind=actor_kind)

    patch.setattr(fulfillment, "_converge", twice)


def a_late_payment_takes_no_stock(patch: Patch) -> None:
    patch.setattr(stock, "retake", lambda _event_id, _quantities: True)


def a_refund_gives_no_stock_back(patch: Patch) -> None:
    patch.setattr(stock, "give_back", lambda *_, **__: None)


def a_refund_is_posted_twice(patch: Patch) -> None:
    once = postings.refund

    def twice(order: Order, given: Any, *, is_owed: bool, at: Any) -> None:
        once(order, given, is_owed=is_owed, at=at)
        again = SimpleNamespace(**vars(given) | {"stripe_refund_id": f"{given.stripe_refund_id}-again"})
        once(order, again, is_owed=is_owed, at=at)  # type: ignore[arg-type]

    patch.setattr(postings, "refund", twice)


def a_recovery_is_not_posted(patch: Patch) -> None:
    patch.setattr(postings, "receivable_recovered", lambda *_, **__: None)


def a_refund_that_came_back_stays_in_the_books(patch: Patch) -> None:
    patch.setattr(postings, "refund_failed", lambda *_, **__: None)


def a_won_dispute_is_not_booked(patch: Patch) -> None:
    patch.setattr(disputes, "book_reinstatement", lambda *_, **__: None)


def a_payout_that_fails_after_it_was_paid_stays_paid(patch: Patch) -> None:
    patch.setattr(payout_postings, "payout_sent_back_after_paid", lambda _payout: None)


QUICK = [a_second_delivery_issues_tickets_again, a_refund_gives_no_stock_back]
BUGS: list[Callable[[Patch], None]] = [
    *QUICK,
    a_late_payment_takes_no_stock,
    a_refund_is_posted_twice,
    a_recovery_is_not_posted,
    a_refund_that_came_back_stays_in_the_books,
    a_won_dispute_is_not_booked,
    a_payout_that_fails_after_it_was_paid_stays_paid,
]
WITHIN = 1000


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_bug_is_found(
    bug: Callable[[Patch], None], marketplace: type[Marketplace], monkeypatch: Patch
) -> None:
    if bug not in QUICK and "SIMULATE_STEPS" not in os.environ:
        pytest.skip("`make simulate` plays it")
    bug(monkeypatch)
    error = play(marketplace, steps=WITHIN, start=None)
    assert isinstance(error, AssertionError), error
