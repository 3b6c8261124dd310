"""Money: who gets what of a payment, what a refund takes back, and books that always add up."""

import pytest
import stripe

from sandbox.currencies import in_words, stripe_fee
from sandbox.server import Sandbox
from sandbox.tests.books import assert_books_balance
from sandbox.tests.conftest import Buy, pay


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    [
        (5000, "usd", 175),
        (5458, "usd", 188),
        (13225, "usd", 414),
        (13699, "usd", 427),
        (3030, "usd", 118),
        (10000, "usd", 320),
        (1015, "jpy", 59),
        (10_000, "kwd", 390),
    ],
)
def test_stripes_fee_is_rounded_half_up(amount: int, currency: str, fee: int) -> None:
    assert stripe_fee(amount, currency) == fee


def test_amounts_are_written_for_people() -> None:
    assert [
        in_words(*one) for one in ((5458, "usd"), (-175, "usd"), (101500, "jpy"), (1500, "kwd"), (5, "eur"))
    ] == [
        "$54.58",
        "−$1.75",
        "¥101,500",
        "1.500 KWD",
        "€0.05",
    ]


def test_a_destination_charge_is_split(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    intent = pay(sandbox, new_session(5458, fee=458))["payment_intent"]
    sandbox.pump()
    charge = client.v1.charges.list(
        {
            "payment_intent": intent,
            "expand": [
                "data.balance_transaction",
                "data.transfer.destination_payment",
                "data.application_fee",
            ],
        }
    ).data[0]
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (188, 5270)
    assert (charge.transfer.amount, charge.transfer.destination) == (5458, account.id)
    assert charge.transfer.source_transaction == charge.id
    assert (charge.application_fee.amount, charge.application_fee.account) == (458, account.id)
    assert charge.application_fee.originating_transaction == charge.id
    own = client.v1.balance.retrieve()
    theirs = client.v1.balance.retrieve(options={"stripe_account": account.id})
    assert (own.pending[0].amount, theirs.pending[0].amount) == (270, 5000)
    assert_books_balance(sandbox)


def test_pending_money_becomes_available_after_two_days(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    pay(sandbox, new_session())
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 86400})
    options: stripe.RequestOptions = {"stripe_account": account.id}
    assert client.v1.balance.retrieve(options=options).pending[0].amount == 5000
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 86400})
    after = client.v1.balance.retrieve(options=options)
    assert (after.pending[0].amount, after.available[0].amount) == (0, 5000)
    assert_books_balance(sandbox)


def test_a_full_refund_takes_everything_back_but_stripes_fee(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    intent = pay(sandbox, new_session(5458, fee=458))["payment_intent"]
    refund = client.v1.refunds.create(
        {
            "payment_intent": intent,
            "reverse_transfer": True,
            "refund_application_fee": True,
            "reason": "requested_by_customer",
            "metadata": {"order": "M-1"},
            "expand": ["charge", "transfer_reversal"],
        }
    )
    assert (refund.status, refund.amount, refund.charge.refunded) == ("succeeded", 5458, True)
    assert refund.transfer_reversal.amount == 5458
    fee = client.v1.application_fees.list().data[0]
    assert (fee.amount_refunded, fee.refunded) == (458, True)
    own = client.v1.balance.retrieve()
    theirs = client.v1.balance.retrieve(options={"stripe_account": account.id})
    assert (own.pending[0].amount, theirs.pending[0].amount) == (-188, 0)
    assert_books_balance(sandbox)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"


def test_a_refund_tells_the_platform(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, inbox: object
) -> None:
    intent = pay(sandbox, new_session())["payment_intent"]
    client.v1.refunds.create(
        {"payment_intent": intent, "reverse_transfer": True, "refund_application_fee": True}
    )
    types = {event.type for event in client.v1.events.list({"limit": 100}).data}
    assert {"charge.refunded", "refund.created", "transfer.reversed", "application_fee.refunded"} <= types


def test_a_partial_refund_is_split_in_proportion(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    client.v1.refunds.create(
        {"payment_intent": intent, "amount": 2000, "reverse_transfer": True, "refund_application_fee": True}
    )
    theirs = client.v1.balance.retrieve(options={"stripe_account": account.id})
    assert theirs.pending[0].amount == 4850 - 2000 + 60
    assert_books_balance(sandbox)


def test_a_refund_that_the_connected_balance_cannot_bear_is_refused(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    intent = pay(sandbox, new_session(5000, fee=150))["payment_intent"]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent, "reverse_transfer": True})
    assert caught.value.code == "balance_insufficient"
    assert client.v1.refunds.list().data == []
    assert client.v1.refunds.create({"payment_intent": intent}).status == "succeeded"
    assert_books_balance(sandbox)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"amount": 0},
        {"amount": 6000},
        {"refund_application_fee": True},
        {"charge": "ch_missing"},
    ],
)
def test_wrong_refunds_are_refused(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, params: dict[str, object]
) -> None:
    intent = pay(sandbox, new_session(5000, fee=None))["payment_intent"]
    wrong = params if not params or "charge" in params else {"payment_intent": intent, **params}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create(wrong)  # type: ignore[arg-type]
    assert client.v1.refunds.list().data == []


def test_books_balance_through_a_dispute_and_many_payments(sandbox: Sandbox, new_session: Buy) -> None:
    for amount, fee, card in (
        (5000, 150, "4242424242424242"),
        (1234, 99, "4000000000000077"),
        (50, 1, "4000000000000259"),
        (99_999_999, 7, "4242424242424242"),
    ):
        pay(sandbox, new_session(amount, fee=fee), card)
        sandbox.pump()
        assert_books_balance(sandbox)
