"""The life of a subscription: renewed, past due and recovered, changed, canceled, and what each says of itself."""

from typing import Any

import pytest
import stripe

from sandbox.resources.subscription_periods import next_end
from sandbox.tests.billing import DAY, FAILING, Billing, item, period, utc
from sandbox.tests.conftest import Inbox

MONTH = 31 * DAY
PAID = [
    "payment_intent.created", "invoice.finalized", "charge.succeeded", "payment_intent.succeeded", "invoice.updated",
    "invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid",
]  # fmt: skip
FAILED = ["charge.failed", "payment_intent.payment_failed", "invoice.updated", "invoice.payment_failed"]


def refusal(call: Any, *arguments: Any, **more: Any) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as caught:
        call(*arguments, **more)
    return caught.value


@pytest.mark.parametrize(
    ("anchor", "interval", "ends"),
    [
        ((2027, 1, 31), "month", [(2027, 2, 28), (2027, 3, 31), (2027, 4, 30), (2027, 5, 31)]),
        (
            (2027, 12, 31, 23, 59),
            "month",
            [(2028, 1, 31, 23, 59), (2028, 2, 29, 23, 59), (2028, 3, 31, 23, 59)],
        ),
        ((2028, 2, 29), "year", [(2029, 2, 28), (2030, 2, 28), (2031, 2, 28), (2032, 2, 29)]),
        ((2027, 3, 1), "week", [(2027, 3, 8), (2027, 3, 15)]),
    ],
)
def test_periods_follow_the_calendar_and_keep_the_anchors_day(anchor: Any, interval: str, ends: Any) -> None:
    recurring, start = {"interval": interval, "interval_count": 1}, utc(*anchor)
    for end in ends:
        assert (start := next_end(utc(*anchor), start, recurring)) == utc(*end)


def test_advancing_renews_for_a_month_from_the_old_end(billing: Billing) -> None:
    subscription = billing.subscribe()
    start, end = period(subscription)
    seen = billing.count_events()
    subscription = billing.advance(subscription)
    assert billing.new_events(seen) == [
        "invoice.created", "customer.subscription.updated", *PAID, "charge.updated",
    ]  # fmt: skip
    assert period(subscription)[0] == end
    assert period(subscription)[1] > end
    invoice = billing.invoice(subscription)
    assert (invoice.billing_reason, invoice.status, invoice.amount_paid) == (
        "subscription_cycle",
        "paid",
        2900,
    )
    assert (invoice.period_start, invoice.period_end) == (start, end)
    assert (invoice.lines.data[0].period.start, invoice.lines.data[0].period.end) == period(subscription)


def test_a_failed_renewal_is_past_due_until_a_retry_pays(billing: Billing, inbox: Inbox) -> None:
    subscription = billing.subscribe()
    seen = billing.count_events()
    subscription = billing.advance(subscription, "fails")
    assert billing.new_events(seen) == [
        "invoice.created", "customer.subscription.updated", *PAID[:2], *FAILED, "customer.updated",
        "customer.subscription.updated",
    ]  # fmt: skip
    invoice = billing.invoice(subscription)
    assert (subscription.status, invoice.status, invoice.attempt_count) == ("past_due", "open", 1)
    assert invoice.next_payment_attempt == period(subscription)[0] + 3 * DAY
    assert billing.customer(subscription).delinquent is True
    told = inbox.events("invoice.payment_failed")[-1]["data"]["object"]
    assert (told["next_payment_attempt"], told["attempt_count"]) == (invoice.next_payment_attempt, 1)
    before = period(subscription)
    subscription = billing.advance(subscription)
    assert (subscription.status, period(subscription)) == ("active", before)
    assert billing.invoice(subscription).next_payment_attempt is None
    assert billing.customer(subscription).delinquent is False
    assert period(billing.advance(subscription))[0] == before[1]


def test_four_failures_end_it(billing: Billing) -> None:
    subscription = billing.subscribe()
    for attempt in range(1, 4):
        subscription = billing.advance(subscription, "fails")
        assert (subscription.status, billing.invoice(subscription).attempt_count) == ("past_due", attempt)
    seen = billing.count_events()
    subscription = billing.advance(subscription, "fails")
    assert billing.new_events(seen) == [*FAILED, "customer.subscription.deleted"]
    assert (subscription.status, subscription.cancellation_details.reason) == ("canceled", "payment_failed")
    assert subscription.ended_at == period(subscription)[0] + (3 + 5 + 7) * DAY
    invoice = billing.invoice(subscription)
    assert (invoice.status, invoice.next_payment_attempt, invoice.auto_advance) == ("open", None, False)
    status, _answer = billing.sandbox.control(
        "POST", f"/_sandbox/subscriptions/{subscription.id}", {"advance": True}
    )
    assert status == 409


def test_the_clock_renews_charges_an_hour_later_and_retries_on_its_days(billing: Billing) -> None:
    subscription = billing.subscribe()
    start, end = period(subscription)
    billing.set_card(subscription, FAILING)
    billing.move(end - start)
    subscription = billing.subscription(subscription)
    assert (subscription.status, period(subscription)[0], billing.invoice(subscription).status) == (
        "active",
        end,
        "draft",
    )
    billing.move(3600)
    for attempt, days in ((1, 3), (2, 5), (3, 7)):
        invoice = billing.invoice(subscription)
        assert (billing.subscription(subscription).status, invoice.attempt_count) == ("past_due", attempt)
        billing.move(days * DAY - 60)
        assert billing.invoice(subscription).attempt_count == attempt
        billing.move(60)
    assert billing.subscription(subscription).status == "canceled"


def test_the_clock_moves_many_periods_on_and_none_is_lost(billing: Billing) -> None:
    subscription = billing.subscribe()
    billing.move(365 * DAY + 3600)
    invoices = billing.client.v1.invoices.list({"subscription": subscription.id, "limit": 100}).data
    periods = sorted((one.lines.data[0].period.start, one.lines.data[0].period.end) for one in invoices)
    assert len(periods) == 13
    assert all(earlier[1] == later[0] for earlier, later in zip(periods, periods[1:], strict=False))
    assert {one.status for one in invoices} == {"paid"}


def test_it_ends_with_its_period_unless_it_is_resumed(billing: Billing) -> None:
    subscription, update = billing.subscribe(), billing.client.v1.subscriptions.update
    end = period(subscription)[1]
    subscription = update(
        subscription.id, {"cancel_at_period_end": True, "cancellation_details": {"feedback": "unused"}}
    )
    assert (subscription.cancel_at, subscription.status) == (end, "active")
    assert subscription.cancellation_details.feedback == "unused"
    assert (
        refusal(billing.client.v1.invoices.create_preview, {"subscription": subscription.id}).code
        == "invoice_upcoming_none"
    )
    subscription = update(subscription.id, {"cancel_at_period_end": False})
    assert (subscription.cancel_at, subscription.canceled_at) == (None, None)
    seen = billing.count_events()
    update(subscription.id, {"cancel_at_period_end": False})
    assert billing.new_events(seen) == []
    update(subscription.id, {"cancel_at_period_end": True})
    billing.move(MONTH)
    subscription = billing.subscription(subscription)
    assert (subscription.status, subscription.ended_at, subscription.latest_invoice) == (
        "canceled",
        end,
        billing.client.v1.invoices.list().data[0].id,
    )


def test_canceled_at_once_it_is_over_for_good(billing: Billing) -> None:
    subscription, calls = billing.subscribe(), billing.client.v1.subscriptions
    assert calls.cancel(subscription.id).status == "canceled"
    assert refusal(calls.cancel, subscription.id).http_status == 404
    assert "canceled subscription" in str(
        refusal(calls.update, subscription.id, {"cancel_at_period_end": True})
    )
    assert calls.list().data == []
    assert [one.id for one in calls.list({"status": "canceled"}).data] == [subscription.id]
    seen = billing.count_events()
    billing.move(3 * MONTH)
    assert not [name for name in billing.new_events(seen) if not name.startswith(("payout", "balance"))]


# Another price


def test_what_a_change_was_shown_to_cost_is_what_it_costs(billing: Billing) -> None:
    subscription = billing.subscribe()
    billing.move(10 * DAY)
    shown = billing.preview(subscription, billing.yearly)
    start, end = period(subscription)
    unused = round(2900 * (end - start - 10 * DAY) / (end - start))
    assert [line.amount for line in shown.lines.data] == [-unused, 29000]
    assert shown.amount_due == 29000 - unused
    date = shown.parent.subscription_details.subscription_proration_date
    assert billing.client.v1.invoices.list().data[0].billing_reason == "subscription_create"
    subscription = billing.switch(subscription, billing.yearly, proration_date=date)
    invoice = billing.invoice(subscription)
    assert (invoice.amount_paid, invoice.billing_reason) == (shown.amount_due, "subscription_update")
    assert [line.parent.subscription_item_details.proration for line in invoice.lines.data] == [True, False]
    assert period(subscription) == (date, next_end(date, date, {"interval": "year", "interval_count": 1}))
    assert subscription.billing_cycle_anchor == date


def test_a_smaller_plan_leaves_credit_that_pays_the_next_invoices(billing: Billing) -> None:
    subscription = billing.switch(billing.subscribe(), billing.yearly)
    shown = billing.preview(subscription, billing.monthly)
    assert (shown.amount_due, shown.total) == (0, 2900 - 29000)
    subscription = billing.switch(subscription, billing.monthly)
    invoice = billing.invoice(subscription)
    assert (invoice.status, invoice.amount_paid, invoice.ending_balance) == ("paid", 0, -26100)
    assert billing.customer(subscription).balance == -26100
    for left in (-23200, -20300):
        subscription = billing.advance(subscription)
        invoice = billing.invoice(subscription)
        assert (invoice.total, invoice.amount_due, invoice.ending_balance) == (2900, 0, left)
    changes = billing.client.v1.customers.balance_transactions.list(subscription.customer).data
    assert [(one.type, one.amount) for one in changes][:3] == [
        ("applied_to_invoice", 2900),
        ("applied_to_invoice", 2900),
        ("applied_to_invoice", -26100),
    ]


def test_within_an_interval_the_difference_waits_for_the_next_invoice_unless_asked_for(
    billing: Billing,
) -> None:
    dearer = billing.client.v1.prices.create(
        {
            "product": billing.monthly.product,
            "currency": "usd",
            "unit_amount": 4900,
            "recurring": {"interval": "month"},
        }
    )
    subscription = billing.subscribe()
    before = period(subscription)
    first = billing.invoice(subscription).id
    subscription = billing.switch(subscription, dearer, proration_behavior="create_prorations")
    assert (period(subscription), billing.invoice(subscription).id) == (before, first)
    subscription = billing.advance(subscription)
    assert billing.invoice(subscription).amount_paid == 4900 + 2000
    subscription = billing.switch(subscription, billing.monthly)
    assert (period(subscription)[0], billing.invoice(subscription).total) == (before[1], -2000)


def test_a_card_that_fails_leaves_the_plan_as_it_is_if_that_is_asked(billing: Billing) -> None:
    subscription = billing.subscribe()
    billing.set_card(subscription, FAILING)
    before, seen = billing.subscription(subscription), billing.count_events()
    error = refusal(billing.switch, subscription, billing.yearly, payment_behavior="error_if_incomplete")
    assert (error.http_status, error.code) == (402, "card_declined")
    assert billing.subscription(subscription) == before
    assert billing.new_events(seen) == []
    subscription = billing.switch(subscription, billing.yearly)
    assert (subscription.status, billing.invoice(subscription).status) == ("past_due", "open")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"proration_date": 1}, "outside of the current subscription period"),
        ({"items": [{"id": "si_none"}]}, "No such subscription item"),
        ({"items": [{"price": "price_none"}]}, "one item"),
        ({"payment_behavior": "pending_if_incomplete"}, "pending updates"),
        ({"trial_end": 1}, "do without `trial_end`"),
        ({"colour": "red"}, "unknown parameter"),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(
    billing: Billing, more: dict[str, Any], words: str
) -> None:
    subscription = billing.subscribe()
    seen = billing.count_events()
    error = refusal(billing.switch, subscription, billing.yearly, **more)
    assert error.http_status == 400
    assert words in str(error)
    assert (billing.new_events(seen), billing.subscription(subscription)) == ([], subscription)


# Cards and invoices


def test_an_invoice_is_paid_by_hand_and_a_try_by_hand_costs_no_retry(billing: Billing) -> None:
    subscription = billing.subscribe()
    billing.set_card(subscription, FAILING)
    subscription = billing.advance(subscription, None)
    invoice, pay = billing.invoice(subscription), billing.client.v1.invoices.pay
    assert refusal(pay, invoice.id).http_status == 402
    after = billing.invoice(subscription)
    assert (after.attempt_count, after.next_payment_attempt) == (1, invoice.next_payment_attempt)
    assert pay(invoice.id, {"payment_method": "pm_card_visa"}).status == "paid"
    assert billing.subscription(subscription).status == "active"
    assert refusal(pay, invoice.id).code == "invoice_already_paid"


def test_a_subscription_made_by_a_call_waits_a_day_for_its_first_payment(billing: Billing) -> None:
    client = billing.client
    customer = client.v1.customers.create({"email": "bo@example.com"})
    given: Any = {"customer": customer.id, "items": [{"price": billing.monthly.id}]}
    assert "no attached payment source" in str(refusal(client.v1.subscriptions.create, given))
    method = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    given["default_payment_method"] = method.id
    first, second = (client.v1.subscriptions.create(given) for _ in range(2))
    assert (first.status, billing.invoice(first).status) == ("incomplete", "open")
    client.v1.invoices.pay(first.latest_invoice, {"payment_method": "pm_card_visa"})  # type: ignore[arg-type]
    billing.move(DAY)
    assert billing.subscription(first).status == "active"
    assert billing.subscription(second).status == "incomplete_expired"
    assert billing.invoice(second).status == "void"


def test_an_invoices_charge_is_refunded_and_disputed_as_any_other(billing: Billing) -> None:
    subscription = billing.advance(billing.subscribe())
    first, second = (
        client_charge(billing, one)
        for one in billing.client.v1.invoices.list({"subscription": subscription.id}).data
    )
    assert billing.client.v1.refunds.create({"charge": first, "amount": 1000}).status == "succeeded"
    billing.sandbox.control("POST", f"/_sandbox/charges/{second}/dispute")
    billing.sandbox.pump()
    assert billing.client.v1.charges.retrieve(second).disputed is True
    assert billing.subscription(subscription).status == "active"


def client_charge(billing: Billing, invoice: Any) -> str:
    payment = billing.client.v1.invoice_payments.list({"invoice": invoice.id}).data[0].payment
    return str(billing.client.v1.payment_intents.retrieve(str(payment.payment_intent)).latest_charge)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance": "yes"},
        {"advance": True, "payment": "maybe"},
        {"card": "1234"},
        {"card": "4000000000000002"},
    ],
)
def test_a_wrong_control_call_changes_nothing(billing: Billing, body: dict[str, Any]) -> None:
    subscription = billing.subscribe()
    path = f"/_sandbox/subscriptions/{subscription.id}"
    assert billing.sandbox.control("POST", path, body)[0] in (400, 402)
    assert billing.subscription(subscription) == subscription
    assert item(subscription).price.id == billing.monthly.id
    assert billing.sandbox.control("POST", "/_sandbox/subscriptions/sub_none", {"advance": True})[0] == 404
