"""Payouts asked for by hand: one wish, one payout, whatever is lost on the way."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tests.factories import MembershipFactory
from connect.errors import OrganizerNotConnected, StripeUnavailable
from ledger import chart
from ledger.services.balances import balance
from maly.crash import install_hook
from maly.errors import Invalid
from payouts.errors import BalanceInsufficient, PayoutScheduleNotManual, PayoutUnderWay
from payouts.models import OrganizerPayout, PayoutRequest
from payouts.services.payouts import sync_payout
from payouts.services.requests import carry_out, request_payout
from payouts.services.sweeps import resolve_payout_requests
from payouts.tests.conftest import fail, payouts_at_stripe, requests_to
from ticketing.models import OrganizerReceivable
from ticketing.services.refunds import request_refund

pytestmark = pytest.mark.django_db

KEY = ("user:1", "my-key")


@pytest.fixture
def ask(manual, organizer):
    """Ask for a payout as the owner would."""

    def run(amount: int | None = None, *, currency: str = "usd", **more: Any) -> OrganizerPayout:
        wish = {"amount": amount, "currency": currency, "actor": organizer, **more}
        return request_payout(manual.organization, **wish)

    return run


def states() -> list[str]:
    return list(PayoutRequest.objects.order_by("id").values_list("status", flat=True))


def later() -> Any:
    return timezone.now() + timedelta(seconds=61)


def test_an_amount_is_paid_out_and_recorded(ask, fund, sandbox, organizer):
    fund()
    payout = ask(1000)
    assert (payout.amount, payout.status, payout.automatic) == (1000, "pending", False)
    request = PayoutRequest.objects.get()
    assert (request.status, request.payout, request.requested_by) == ("created", payout, organizer)
    (sent,) = requests_to(sandbox, "/v1/payouts")
    assert sent["headers"]["idempotency_key"] == request.idempotency_key
    assert sent["headers"]["stripe_account"] == payout.connected_account.stripe_account_id
    assert balance(chart.clearing_payout(payout.organization), currency="usd") == 1000


def test_without_an_amount_all_that_is_available_is_paid_out(ask, fund):
    fund()
    fund(card="4242424242424242")  # pending
    assert ask().amount == 4550
    assert PayoutRequest.objects.get().is_whole_balance


def test_the_log_says_who_asked(ask, fund, organizer):
    fund()
    ask(1000)
    entries = AuditEntry.objects.filter(action__in=["payout.requested", "payout.created"]).order_by("id")
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("payout.requested", organizer),
        ("payout.created", organizer),
    ]


@pytest.mark.parametrize("amount", [4551, 10**11])
def test_more_than_is_available_is_refused(ask, fund, amount):
    fund()
    with pytest.raises(BalanceInsufficient):
        ask(amount)
    assert states() == ["refused"]
    assert not OrganizerPayout.objects.exists()
    assert ask(4550).amount == 4550


def test_nothing_available_is_refused_before_anything_is_written(ask, fund):
    fund(card="4242424242424242")
    with pytest.raises(BalanceInsufficient):
        ask()
    with pytest.raises(BalanceInsufficient):
        ask(currency="eur")
    assert states() == []


@pytest.mark.parametrize(("amount", "currency"), [(0, "usd"), (-1, "usd"), (1005, "kwd")])
def test_an_amount_that_cannot_be_is_refused(ask, amount, currency):
    with pytest.raises(Invalid) as raised:
        ask(amount, currency=currency)
    assert raised.value.attr == "amount"
    assert states() == []


def test_under_another_schedule_it_is_refused(account, organizer, fund, sandbox):
    fund()
    with pytest.raises(PayoutScheduleNotManual):
        request_payout(account.organization, amount=100, currency="usd", actor=organizer)
    assert (states(), requests_to(sandbox, "/v1/payouts")) == ([], [])


def test_without_an_account_it_is_refused(organization, organizer):
    with pytest.raises(OrganizerNotConnected):
        request_payout(organization, amount=100, currency="usd", actor=organizer)


def test_the_same_key_gives_the_same_payout(ask, fund):
    fund()
    assert ask(1000, idempotency=KEY) == ask(1000, idempotency=KEY)
    assert ask(1000, idempotency=("user:1", "another")) != ask(1000)
    assert len(states()) == 3


def test_what_the_organizer_owes_is_taken_before_anything_is_paid_out(ask, sell, fund, manual, organizer):
    order = sell()
    assert ask().amount == 4550  # nothing is left to take the refund from
    request_refund(order, actor=organizer, reason="Ill")
    owed = OrganizerReceivable.objects.get().open_amount
    assert owed > 0
    fund(10_000, fee=0)
    assert ask().amount == 10_000 - owed
    assert OrganizerReceivable.objects.get().open_amount == 0


# --- Stripe that fails


@pytest.mark.parametrize("effect", ["timeout_after_success", "error_500", "drop_connection"])
@pytest.mark.parametrize("idempotency", [None, KEY], ids=["no key", "key"])
def test_after_an_unknown_outcome_the_repeated_call_finds_the_one_payout(
    effect, idempotency, ask, fund, manual, sandbox, quick, settings
):
    fund()
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    fail(sandbox, "/v1/payouts", effect, times=2 if effect == "drop_connection" else 1)
    with pytest.raises(StripeUnavailable):
        ask(1000, idempotency=idempotency)
    sandbox.control("DELETE", "/_sandbox/faults", {})
    assert states() == ["requested"]
    payout = ask(1000, idempotency=idempotency)
    assert (states(), payout.amount) == (["created"], 1000)
    assert len(payouts_at_stripe(manual)) == 1


def test_another_wish_waits_until_the_first_one_is_known(ask, fund, sandbox, quick):
    fund()
    fail(sandbox, "/v1/payouts", "error_500")
    with pytest.raises(StripeUnavailable):
        ask(1000)
    with pytest.raises(PayoutUnderWay):
        ask(2000)
    with pytest.raises(PayoutUnderWay):
        ask(None)
    assert resolve_payout_requests(now=later()) == 1
    assert ask(2000).amount == 2000


def test_the_sweep_finds_a_payout_whose_answer_was_lost(ask, fund, manual, sandbox, settings):
    fund()
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    fail(sandbox, "/v1/payouts", "timeout_after_success")
    with pytest.raises(StripeUnavailable):
        ask(1000, idempotency=KEY)
    assert resolve_payout_requests(now=timezone.now()) == 0  # the client may still repeat it
    assert resolve_payout_requests(now=later()) == 1
    assert resolve_payout_requests(now=later()) == 0
    assert states() == ["created"]
    assert ask(1000, idempotency=KEY) == OrganizerPayout.objects.get()
    assert len(payouts_at_stripe(manual)) == 1


def test_the_sweep_pays_nothing_out_for_a_request_that_stripe_never_heard_of(
    ask, fund, manual, sandbox, quick
):
    fund()
    fail(sandbox, "/v1/payouts", "error_500")
    with pytest.raises(StripeUnavailable):
        ask(1000, idempotency=KEY)
    assert resolve_payout_requests(now=later()) == 1
    assert (states(), payouts_at_stripe(manual)) == (["not_made"], [])
    assert ask(1000, idempotency=KEY).amount == 1000
    assert states() == ["not_made", "created"]


def test_a_sweep_without_stripe_leaves_the_request_for_the_next_one(ask, fund, sandbox, quick):
    fund()
    fail(sandbox, "/v1/payouts", "error_500")
    with pytest.raises(StripeUnavailable):
        ask(1000)
    fail(sandbox, "/v1/payouts", "error_500", method="GET")
    assert resolve_payout_requests(now=later()) == 0
    assert states() == ["requested"]


def test_an_event_that_comes_before_our_answer_carries_the_request_out(
    ask, fund, manual, sandbox, settings, organizer
):
    fund()
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    fail(sandbox, "/v1/payouts", "timeout_after_success")
    with pytest.raises(StripeUnavailable):
        ask(1000)
    (made,) = payouts_at_stripe(manual)
    payout = sync_payout(manual, made.id)
    assert PayoutRequest.objects.get().payout == payout
    assert states() == ["created"]


def test_a_payout_found_after_the_sweep_gave_it_up_is_linked_all_the_same(
    ask, fund, manual, sandbox, settings
):
    fund()
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    fail(sandbox, "/v1/payouts", "timeout_after_success")
    with pytest.raises(StripeUnavailable):
        ask(1000)
    PayoutRequest.objects.update(status="not_made")
    sync_payout(manual, payouts_at_stripe(manual)[0].id)
    assert states() == ["created"]


def test_a_key_that_is_too_old_is_looked_up_instead_of_repeated(ask, fund, manual, sandbox, settings):
    fund()
    settings.STRIPE_TIMEOUT_SECONDS = 0.5
    fail(sandbox, "/v1/payouts", "timeout_after_success")
    with pytest.raises(StripeUnavailable):
        ask(1000)
    PayoutRequest.objects.update(created_at=timezone.now() - timedelta(hours=24))
    sent = len(requests_to(sandbox, "/v1/payouts"))
    assert carry_out(PayoutRequest.objects.get()).amount == 1000
    assert len(requests_to(sandbox, "/v1/payouts")) == sent
    assert states() == ["created"]


def test_a_refusal_that_is_not_about_the_balance_says_what_stripe_said(ask, fund, manual, sandbox):
    fund()
    sandbox.control("POST", f"/_sandbox/accounts/{manual.stripe_account_id}", {"payouts_enabled": False})
    with pytest.raises(StripeUnavailable) as raised:
        ask(1000)
    assert "Payouts are not enabled" in raised.value.detail
    assert states() == ["refused"]
    assert AuditEntry.objects.filter(action="payout.refused").get().reason


# --- dying, and two at once


class Killed(BaseException):
    """The process dies here."""


@pytest.mark.parametrize(
    "point",
    [
        "payouts.request_committed",
        "stripe.create_payout.before",
        "stripe.create_payout.after",
        "payout.recorded",
        "payouts.request_recorded",
    ],
)
def test_dying_at_any_point_makes_one_payout_in_the_end(point, ask, fund, manual):
    fund()

    def die(reached: str) -> None:
        if reached == point:
            raise Killed

    install_hook(die)
    try:
        with pytest.raises(Killed):
            ask(1000, idempotency=KEY)
    finally:
        install_hook(None)
    assert ask(1000, idempotency=KEY).amount == 1000
    assert (states(), len(payouts_at_stripe(manual))) == (["created"], 1)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_payout(ask, fund, manual):
    fund()
    start, results = threading.Barrier(2), []

    def click() -> None:
        try:
            start.wait(10)
            results.append(ask(idempotency=KEY))
        except StripeUnavailable as refused:  # the other click's call is still under way at Stripe
            results.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 2
    assert ask(idempotency=KEY).amount == 4550
    assert (states(), len(payouts_at_stripe(manual))) == (["created"], 1)


def test_a_click_that_reads_the_balance_after_the_others_payout_finds_that_payout(ask, fund, manual):
    fund()
    others = []

    def other_click(reached: str) -> None:
        if reached == "stripe.retrieve_balance.before":
            install_hook(None)
            others.append(ask(idempotency=KEY))

    install_hook(other_click)
    try:
        payout = ask(idempotency=KEY)
    finally:
        install_hook(None)
    assert others == [payout]
    assert (states(), len(payouts_at_stripe(manual))) == (["created"], 1)


def test_a_colleagues_wish_is_not_mistaken_for_ones_own(ask, fund, manual, sandbox, quick):
    fund()
    fail(sandbox, "/v1/payouts", "error_500")
    with pytest.raises(StripeUnavailable):
        ask(1000)
    colleague = MembershipFactory(organization=manual.organization, role="ADMIN").user
    with pytest.raises(PayoutUnderWay):
        ask(1000, actor=colleague)
