"""What the command-line client's triggers send: plans, tokens, invoice items, invoices without a subscription."""

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.tests.books import assert_books_balance


def test_a_subscription_is_made_changed_and_ended_by_a_plan(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"description": "made by a tool", "source": "tok_visa"})
    plan = client.v1.plans.create(
        {"currency": "usd", "interval": "month", "amount": 2000, "product": {"name": "myproduct"}}
    )
    assert client.v1.plans.retrieve(plan.id).amount == 2000
    made = client.v1.subscriptions.create({"customer": customer.id, "items": [{"plan": plan.id}]})
    assert made.status == "active"
    assert client.v1.subscriptions.update(made.id, {"metadata": {"foo": "bar"}}).metadata["foo"] == "bar"
    assert client.v1.subscriptions.cancel(made.id).status == "canceled"
    types = [event.type for event in client.v1.events.list({"limit": 100}).data]
    assert [name.rpartition(".")[2] for name in types if name.startswith("customer.subscription")] == [
        "deleted",
        "updated",
        "created",
    ]


@pytest.mark.parametrize(
    ("card", "event"),
    [("pm_card_visa", "invoice.paid"), ("pm_card_chargeCustomerFail", "invoice.payment_failed")],
)
def test_an_invoice_by_hand_is_paid_or_fails(
    sandbox: Sandbox, client: stripe.StripeClient, card: str, event: str
) -> None:
    customer = client.v1.customers.create({"description": "made by a tool"})
    method = client.v1.payment_methods.attach(card, {"customer": customer.id})
    client.v1.invoice_items.create(
        {"amount": 2000, "currency": "usd", "customer": customer.id, "description": "One"}
    )
    invoice = client.v1.invoices.create(
        {"customer": customer.id, "pending_invoice_items_behavior": "include", "description": "By hand"}
    )
    assert (invoice.amount_due, invoice.parent, invoice.billing_reason) == (2000, None, "manual")
    if event == "invoice.paid":
        assert client.v1.invoices.pay(invoice.id, {"payment_method": method.id}).status == "paid"
    else:
        with pytest.raises(stripe.CardError):
            client.v1.invoices.pay(invoice.id, {"payment_method": method.id})
        assert client.v1.invoices.retrieve(invoice.id).status == "open"
    sandbox.pump()
    assert event in [one.type for one in client.v1.events.list({"limit": 100}).data]
    assert client.v1.invoice_items.list({"pending": True}).data == []
    assert_books_balance(sandbox)
