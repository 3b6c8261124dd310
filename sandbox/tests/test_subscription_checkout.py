"""Plans, the checkout that subscribes to one, and the way from an invoice to its money and back."""

from typing import Any

import pytest
import stripe

from sandbox.tests.billing import Billing, item, period
from sandbox.tests.conftest import pay, session_params


def refusal(call: Any, *arguments: Any) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as caught:
        call(*arguments)
    return caught.value


# Plans


def test_a_price_is_found_by_its_lookup_key_which_moves_only_when_asked(billing: Billing) -> None:
    prices = billing.client.v1.prices
    assert [one.id for one in prices.list({"lookup_keys": ["premium_monthly"]}).data] == [billing.monthly.id]
    new: Any = {
        "product": billing.monthly.product,
        "currency": "usd",
        "unit_amount": 3900,
        "recurring": {"interval": "month"},
        "lookup_key": "premium_monthly",
    }
    assert refusal(prices.create, new).code == "resource_already_exists"
    newer = prices.create(new | {"transfer_lookup_key": True}, {"idempotency_key": "price-1"})
    again = prices.create(new | {"transfer_lookup_key": True}, {"idempotency_key": "price-1"})
    assert again.id == newer.id
    assert [one.id for one in prices.list({"lookup_keys": ["premium_monthly"]}).data] == [newer.id]
    assert prices.retrieve(billing.monthly.id).lookup_key is None
    assert [one.unit_amount for one in prices.list({"product": newer.product, "type": "recurring"}).data] == [
        3900,
        2900,
    ]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"currency": "xyz"}, "currency"),
        ({"unit_amount": -1}, "unit_amount"),
        ({"unit_amount": "many"}, "unit_amount"),
        ({"recurring": {"interval": "hour"}}, "recurring[interval]"),
        ({"recurring": {"interval": "year", "interval_count": 4}}, "recurring[interval_count]"),
        ({"product": "prod_none"}, "product"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_price_is_refused(billing: Billing, change: dict[str, Any], param: str) -> None:
    given: Any = {"product": billing.monthly.product, "currency": "usd", "unit_amount": 2900}
    error = refusal(billing.client.v1.prices.create, given | change)
    assert (error.http_status, error.param) == (400, param)  # type: ignore[attr-defined]


def test_a_connected_account_has_no_billing_of_its_own(
    client: stripe.StripeClient, account: stripe.Account
) -> None:
    options: Any = {"stripe_account": account.id}
    assert "platform's account only" in str(refusal(client.v1.products.create, {"name": "Plan"}, options))


def test_a_price_of_one_time_pays_for_tickets_too(billing: Billing) -> None:
    price = billing.client.v1.prices.create(
        {"product_data": {"name": "Poster"}, "currency": "usd", "unit_amount": 1200}
    )
    session = billing.client.v1.checkout.sessions.create(
        session_params() | {"line_items": [{"price": price.id, "quantity": 2}]}  # type: ignore[arg-type]
    )
    assert session.amount_total == 2400


# The checkout


def test_there_is_nothing_before_the_payment_and_everything_after_it(billing: Billing) -> None:
    client = billing.client
    customer = client.v1.customers.create({"email": "ada@example.com"})
    session = billing.session(customer=customer.id)
    assert (session.subscription, session.invoice, session.payment_status, session.amount_total) == (
        None,
        None,
        "unpaid",
        2900,
    )
    for card in ("4000000000000002", "4000000000009995"):
        assert "declined" in pay(billing.sandbox, session, card)
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    seen = billing.count_events()
    pay(billing.sandbox, session, "4000000000003220")
    billing.sandbox.pump()
    assert billing.new_events(seen) == [
        "charge.succeeded", "payment_intent.succeeded", "payment_method.attached", "customer.updated",
        "customer.subscription.created", "invoice.created", "invoice.finalized", "invoice.updated", "invoice.paid",
        "invoice.payment_succeeded", "invoice_payment.paid", "checkout.session.completed", "charge.updated",
    ]  # fmt: skip
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice"]})
    assert (session.status, session.payment_status, session.payment_intent) == ("complete", "paid", None)
    subscription, invoice = session.subscription, session.invoice
    assert (subscription.status, subscription.metadata["user_id"]) == ("active", "7")
    assert not hasattr(subscription, "current_period_end")
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == (
        "paid",
        2900,
        "subscription_create",
    )
    line = invoice.lines.data[0]
    assert (line.description, line.amount) == ("1 × Maly Premium Monthly (at $29.00 / month)", 2900)
    assert (line.period.start, line.period.end) == period(subscription)
    assert item(subscription).price.lookup_key == "premium_monthly"


def test_an_invoice_leads_to_its_charge_and_the_charge_to_its_invoice(billing: Billing) -> None:
    subscription = billing.subscribe()
    client = billing.client
    expand: Any = {"expand": ["payments.data.payment.payment_intent"]}
    invoice = client.v1.invoices.retrieve(subscription.latest_invoice, expand)
    intent = invoice.payments["data"][0].payment.payment_intent
    charge = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["balance_transaction"]})
    assert (charge.amount, charge.balance_transaction.fee, charge.customer) == (
        2900,
        114,
        subscription.customer,
    )
    assert charge.payment_method == subscription.default_payment_method
    wanted: Any = {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    assert [one.invoice for one in client.v1.invoice_payments.list(wanted).data] == [invoice.id]
    methods = client.v1.customers.payment_methods.list(subscription.customer).data
    assert [method.card.last4 for method in methods] == ["4242"]


def test_a_session_without_a_customer_makes_one(billing: Billing) -> None:
    session = billing.session(customer_email="bo@example.com")
    answer = pay(billing.sandbox, session, name="Bo")
    customer = billing.client.v1.customers.retrieve(answer["customer"], {"expand": ["subscriptions"]})
    assert (customer.email, customer.name) == ("bo@example.com", "Bo")
    assert [one.id for one in customer.subscriptions.data] == [answer["subscription"]]


def test_a_checkout_leaves_credit_for_the_renewals(billing: Billing) -> None:
    customer = billing.client.v1.customers.create({"email": "ada@example.com"})
    billing.client.v1.customers.balance_transactions.create(customer.id, {"amount": -900, "currency": "usd"})
    answer = pay(billing.sandbox, billing.session(customer=customer.id))
    subscription = billing.subscription(answer["subscription"])
    assert (billing.invoice(subscription).amount_paid, billing.customer(subscription).balance) == (2900, -900)
    billing.advance(subscription)
    assert (billing.invoice(subscription).amount_paid, billing.customer(subscription).balance) == (2000, 0)


def test_a_trial_charges_nothing_until_its_end(billing: Billing) -> None:
    subscription = billing.subscribe(subscription_data={"trial_period_days": 7})
    assert (subscription.status, billing.invoice(subscription).amount_due) == ("trialing", 0)
    billing.move(7 * 24 * 3600 + 3600)
    subscription = billing.subscription(subscription)
    assert (subscription.status, billing.invoice(subscription).amount_paid) == ("active", 2900)
    assert subscription.billing_cycle_anchor == subscription.trial_end == period(subscription)[0]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"mode": "setup"}, "modes `payment` and `subscription`"),
        ({"mode": "payment", "subscription_data": {}}, "recurring price"),
        ({"payment_intent_data": {"description": "x"}}, "`payment_intent_data`"),
        ({"customer_creation": "always"}, "`customer_creation`"),
        ({"subscription_data": {"trial_end": 1}}, "trial_end"),
        ({"discounts": [{"coupon": "half"}]}, "no coupons"),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "No such price"),
        ({"line_items": session_params()["line_items"]}, "at least one recurring price"),
        ({"customer": "cus_none"}, "No such customer"),
    ],
)
def test_a_session_that_mixes_modes_is_refused(billing: Billing, more: dict[str, Any], words: str) -> None:
    error = refusal(lambda: billing.session(**more))
    assert error.http_status == 400
    assert words in str(error)
    assert billing.client.v1.checkout.sessions.list().data == []


def test_an_inactive_price_sells_no_more(billing: Billing) -> None:
    billing.client.v1.prices.update(billing.monthly.id, {"active": False})
    assert "inactive" in str(refusal(billing.session))
