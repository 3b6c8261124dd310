"""Each invariant that holds rows against books has planted faults that it alone catches."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from ledger.services.verification import verify_ledger
from notifications.models import Message
from ticketing.models import (
    Dispute,
    Order,
    OrganizerReceivable,
    OrganizerTransfer,
    Payment,
    Refund,
    TicketType,
)
from ticketing.services.checkout import CheckoutStart
from ticketing.services.refund_failures import make_organizer_whole
from ticketing.services.refunds import request_refund
from ticketing.tests.planting import book, plant

pytestmark = pytest.mark.django_db
AVAILABLE_AT_ONCE = "4000000000000077"


def _order(name: str) -> str:
    return f"(SELECT id FROM ticketing_order WHERE email = '{name}@example.com')"


def _posting(kind: str, name: str) -> str:
    return f"kind = '{kind}' AND subject = (SELECT 'order:' || code FROM ticketing_order WHERE id = {_order(name)})"


def _under_another(kind: str, name: str) -> str:
    """The posting's money is right, its order is not."""
    return f"UPDATE ledger_ledgertransaction SET subject = '' WHERE {_posting(kind, name)}"


def _unpost(kind: str, name: str) -> str:
    return (
        "DELETE FROM ledger_ledgerentry WHERE transaction_id IN"
        f" (SELECT id FROM ledger_ledgertransaction WHERE {_posting(kind, name)});"
        f" DELETE FROM ledger_ledgertransaction WHERE {_posting(kind, name)}"
    )


FAULTS = {
    "I05": {
        "money of an organizer that no row tells of": book(
            "gift", "tr_other", _order("sold"), organizer=100, platform=-100
        ),
        "money at Stripe that nobody is owed": book(
            "gift", "tr_other", _order("sold"), connected=100, platform=-100
        ),
        "a failed refund that nobody looks after": "UPDATE ticketing_refund SET needs_staff = false"
        f" WHERE order_id = {_order('failed')}",
    },
    "I18": {
        "a sale of another order": _under_another("sale", "sold"),
        "Stripe's fee that nobody booked": _unpost("stripe_fee", "sold"),
        "Stripe's fee of another amount": "UPDATE ticketing_payment SET stripe_fee_amount = stripe_fee_amount + 1"
        f" WHERE order_id = {_order('sold')}",
        "a transfer of another order": _under_another("transfer", "sold"),
        "an application fee of another order": _under_another("application_fee", "sold"),
    },
    "I19": {
        "a sale of nobody": book("sale", "ch_other", _order("sold"), platform=100, revenue=-100),
        "a fee of nobody": book("stripe_fee", "txn_other", _order("sold"), platform=-100, revenue=100),
    },
    "I20": {
        "a refund of another order": _under_another("refund", "refunded"),
        "a refund of another amount": "UPDATE ticketing_refund SET amount = amount - 1, fee_amount = fee_amount - 1"
        f" WHERE order_id = {_order('refunded')};"
        f" UPDATE ticketing_order SET refunded_amount = refunded_amount - 1 WHERE id = {_order('refunded')}",
        "a reversal of another order": _under_another("transfer_reversed", "refunded"),
        "a fee given back for another order": _under_another("fee_refunded", "refunded"),
        "a failed refund that wasn't undone": "UPDATE ledger_ledgertransaction SET source = 're_other'"
        f" WHERE {_posting('refund_reversal', 'failed')}",
        "a refund of nobody": book("refund", "re_other", _order("sold"), platform=-100, revenue=100),
    },
    "I26": {
        "a paid order without its mail": "DELETE FROM notifications_message WHERE kind = 'ticket_confirmation'"
        f" AND ids ->> 'order' = {_order('sold')}::text",
        "a mail that nobody sends": "UPDATE notifications_message SET state = 'queued',"
        " lease_until = NULL, due_at = now() - interval '16 minutes' WHERE kind = 'ticket_confirmation'",
        "a mail that was given up": "UPDATE notifications_message SET state = 'dead'"
        " WHERE kind = 'ticket_confirmation'",
    },
    "I30": {
        "a transfer of ours for another order": _under_another("organizer_made_whole", "whole"),
        "a transfer of nobody": book(
            "organizer_made_whole", "tr_other", _order("sold"), platform=-5, revenue=5
        ),
    },
    "I31": {
        "a dispute with another amount": "UPDATE ticketing_dispute SET withdrawn_amount = withdrawn_amount - 1",
        "a dispute whose fee is another": "UPDATE ticketing_dispute SET fee_amount = fee_amount + 1",
        "more recovered than is held": "UPDATE ticketing_dispute SET recovered_amount = recovered_amount - 1",
        "a recovery for another order": _under_another("dispute_recovered", "disputed"),
        "a dispute of nobody": book("dispute_won", "dp_other", _order("sold"), platform=100, revenue=-100),
    },
    "I32": {
        "a receivable of another amount": "UPDATE ticketing_organizerreceivable SET amount = amount - 1",
        "a receivable that was settled by nothing": "UPDATE ticketing_organizerreceivable SET settled_amount = 1",
        "a pending refund that was forgotten": "UPDATE ticketing_refund SET status = 'refused'"
        f" WHERE order_id = {_order('pending')};"
        f" UPDATE ticketing_order SET refunded_amount = 0 WHERE id = {_order('pending')}",
        "a write-off in no books": "UPDATE ticketing_organizerreceivable SET written_off_amount = 1",
    },
    "I33": {
        "more given back than its refunds are": "UPDATE ticketing_order SET refunded_amount = refunded_amount + 1"
        f" WHERE id = {_order('sold')}",
    },
    "I34": {
        "a payment in review of another amount": "UPDATE ticketing_payment SET received = received || '{\"amount\": 1}'"
        f" WHERE order_id = {_order('review')}",
        "a payment in review that is in no books": _unpost("review_charge", "review"),
        "its fee of another order": _under_another("review_stripe_fee", "review"),
        "a payment in review that nobody knows": book(
            "review_charge", "ch_other", _order("sold"), platform=100, revenue=-100
        ),
    },
}
CASES = [(code, words) for code, faults in FAULTS.items() for words in faults]


@pytest.fixture
def market(
    general: TicketType,
    buy: Callable[..., CheckoutStart],
    pay: Callable[..., object],
    organizer: User,
    sandbox: Any,
    settle: Callable[[], None],
) -> None:
    """A sale; refunds: done, failed, made whole, owed, pending; an open dispute; a payment in review."""

    def control(path: str, **body: Any) -> None:
        status, answer = sandbox.control("POST", f"/_sandbox/{path}", body)
        assert status == 200, answer

    def sold(name: str, quantity: int = 1, **different: int) -> Order:
        start = buy((general, quantity), email=f"{name}@example.com")
        if different:
            Payment.objects.filter(pk=start.payment.pk).update(**different)
        pay(start.payment.session_id, card=AVAILABLE_AT_ONCE)
        settle()
        return Order.objects.get(pk=start.order.pk)

    def refunded(name: str) -> Refund:
        return request_refund(sold(name), actor=organizer, reason="Asked for")

    sold("sold", 2)
    sold("review", amount=4999)
    refunded("refunded")
    for name in ("failed", "whole"):
        control(f"refunds/{refunded(name).stripe_refund_id}", status="failed")
    settle()
    make_organizer_whole(Refund.objects.get(order__email="whole@example.com"), actor=organizer)
    control(f"charges/{sold('owed').payments.get().charge_id}/refund")
    control(f"charges/{sold('disputed').payments.get().charge_id}/dispute")
    settle()
    pending = sold("pending")
    # Neither the organizer's balance nor ours can bear it: the refund waits.
    control("payouts", account=pending.connected_account.stripe_account_id, outcome="paid")
    control("platform", bank_debits=False)
    request_refund(pending, actor=organizer, reason="Asked for")
    settle()


def test_the_market_has_all_of_it(market: None) -> None:
    assert list(Refund.objects.order_by("order__email").values_list("order__email", "status")) == [
        ("failed@example.com", "failed"),
        ("owed@example.com", "succeeded"),
        ("pending@example.com", "pending"),
        ("refunded@example.com", "succeeded"),
        ("whole@example.com", "failed"),
    ]
    assert OrganizerTransfer.objects.get().status == "succeeded"
    assert {owed.open_amount > 0 for owed in OrganizerReceivable.objects.all()} == {True}
    assert Dispute.objects.get().recovered_amount > 0
    assert not Message.objects.filter(kind="ticket_confirmation").exclude(state="sent").exists()


def test_what_the_services_wrote_is_clean(market: None) -> None:
    assert verify_ledger().violations == []
    assert verify_ledger(is_full=False).violations == []


def test_a_planted_fault_is_caught_by_its_own_invariant_alone(market: None) -> None:
    """All in one market, which takes longer to build than all faults together: each in a savepoint."""
    assert verify_ledger().violations == []
    caught = {}
    for code, words in CASES:
        with transaction.atomic():
            plant(FAULTS[code][words])
            new, every = verify_ledger(is_full=False), verify_ledger()
            transaction.set_rollback(True)
        assert not new.is_full
        assert all(violation.subject and violation.detail for violation in every.violations)
        caught[code, words] = [{violation.code for violation in found.violations} for found in (new, every)]
    assert caught == {(code, words): [{code}, {code}] for code, words in CASES}
