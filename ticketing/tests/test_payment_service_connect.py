"""Buying with destination charges: what Stripe is asked for, what is frozen, and what becomes of a paid session."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from connect import gateway
from connect.errors import PriceBelowMinimum
from connect.models import ConnectedAccount, FeeAbsorption, FeeTerms
from notifications.models import Message
from ticketing.models import Event, Order, OrderLine, Payment, Refund, Ticket, TicketType
from ticketing.services import checkout, fulfillment
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db
SESSIONS = "/v1/checkout/sessions"


@pytest.fixture
def asked(sandbox):
    """The parameters with which Stripe was asked for a session, newest last."""

    def parameters():
        _, log = sandbox.control("GET", f"/_sandbox/requests?path={SESSIONS}", None)
        return [each["params"] for each in log if each["method"] == "POST" and each["path"] == SESSIONS]

    return parameters


def passing_on(event):
    event.fee_absorption = FeeAbsorption.PASS_TO_BUYER
    event.save()


def test_stripe_is_asked_for_a_destination_charge_with_the_application_fee(
    event, general, buy, asked, settings
):
    start = buy((general, 2))
    sent = asked()[-1]
    order, payment = start.order, start.payment
    account = ConnectedAccount.objects.get()
    metadata = {"order": order.code, "event_id": str(event.public_id)}
    assert sent["mode"] == "payment"
    assert sent["client_reference_id"] == order.code
    assert sent["customer_email"] == "ada@example.com"
    assert sent["metadata"] == metadata
    assert sent["payment_intent_data"]["metadata"] == metadata
    assert sent["payment_intent_data"]["transfer_data"] == {"destination": account.stripe_account_id}
    assert int(sent["payment_intent_data"]["application_fee_amount"]) == 870
    assert "payment_method_types" not in sent
    assert str(sent["adaptive_pricing"]["enabled"]).lower() == "false"
    assert sent["submit_type"] == "book"
    assert sent["success_url"] == "http://testserver/payment-success?session_id={CHECKOUT_SESSION_ID}"
    assert sent["cancel_url"] == f"http://testserver/payment-cancel?order={order.code}&key={order.key}"
    (item,) = sent["line_items"]
    assert item["price_data"]["product_data"]["name"] == "Night Market: General admission"
    assert (int(item["price_data"]["unit_amount"]), int(item["quantity"])) == (5000, 2)
    assert payment.idempotency_key.startswith("checkout-")
    assert int(sent["expires_at"]) == int(payment.expires_at.timestamp())
    minutes = (payment.expires_at - timezone.now()) / timedelta(minutes=1)
    assert 31 < minutes <= settings.HOLD_MINUTES
    assert order.refunded_amount == 0
    assert Order.objects.get().hold_expires_at == payment.expires_at


def test_a_signed_in_buyer_is_named_in_the_metadata(general, buy, asked, buyer):
    start = buy((general, 1), user=buyer, email=buyer.email)
    assert asked()[-1]["metadata"]["user_id"] == str(buyer.pk)
    assert (start.order.user, start.payment.user) == (buyer, buyer)


def test_the_order_freezes_terms_amounts_and_each_tickets_share(general, buy):
    order = Order.objects.get(pk=buy((general, 3)).order.pk)
    assert (order.subtotal_amount, order.total_amount) == (15000, 15000)
    assert (order.platform_fee_amount, order.processing_fee_amount) == (825, 465)
    assert (order.application_fee_amount, order.organizer_amount) == (1290, 13710)
    assert order.fee_terms["percent"] == "4"
    assert order.fee_breakdown["per_item_fees"][0]["fee_per_ticket"] == 275
    shares = order.lines.get().ticket_amounts
    assert [
        sum(share[key] for share in shares) for key in ("paid", "platform_fee", "processing_fee", "organizer")
    ] == [
        15000,
        825,
        465,
        13710,
    ]


def test_later_terms_and_prices_change_no_order(general, buy, pay, settle):
    start = buy((general, 1))
    FeeTerms.objects.filter(plan__code="organization").update(
        effective_from=timezone.now() + timedelta(days=1)
    )
    TicketType.objects.update(price_amount=9900)
    pay(start.payment.session_id)
    settle()
    ticket = Ticket.objects.get()
    assert (ticket.paid_amount, ticket.platform_fee_amount, ticket.processing_fee_amount) == (5000, 275, 175)
    assert ticket.organizer_amount == 4550


def test_fees_passed_to_the_buyer_are_part_of_the_price(event, general, buy, asked):
    passing_on(event)
    second = TicketTypeFactory(event=event, price_amount=2500, name="Concession")
    order = buy((general, 2), (second, 1)).order
    assert (order.total_amount, order.service_fee_amount) == (13699, 1199)
    assert (order.platform_fee_amount, order.processing_fee_amount, order.organizer_amount) == (
        725,
        474,
        12500,
    )
    amounts = [int(item["price_data"]["unit_amount"]) for item in asked()[-1]["line_items"]]
    assert amounts == [5458, 2783]


def test_free_and_paid_tickets_go_together(event, general, buy, pay, settle):
    free = TicketTypeFactory(event=event, price_amount=0, name="Child")
    start = buy((general, 1), (free, 2))
    assert (start.order.total_amount, start.order.application_fee_amount) == (5000, 450)
    pay(start.payment.session_id)
    settle()
    statuses = list(Ticket.objects.order_by("pk").values_list("payment_status", flat=True))
    assert sorted(statuses) == ["free", "free", "paid"]


def test_an_application_fee_of_nothing_is_left_out(general, buy, asked):
    FeeTerms.objects.filter(plan__code="organization").update(
        percent=0, fixed_amount=0, processing_paid_by=FeeTerms.ProcessingPaidBy.PLATFORM
    )
    buy((general, 1))
    assert "application_fee_amount" not in asked()[-1]["payment_intent_data"]


def test_a_free_order_is_paid_at_once_without_stripe(event, buy, asked, organizer):
    ConnectedAccount.objects.all().delete()
    free = TicketTypeFactory(event=event, price_amount=0)
    start = buy((free, 2))
    assert (start.payment, start.order.status, start.order.tickets.count()) == (None, "paid", 2)
    assert start.url == f"http://testserver/o/{start.order.code}/?key={start.order.key}"
    free.refresh_from_db()
    assert (free.held, free.sold) == (0, 2)
    assert asked() == []
    assert set(Message.objects.values_list("kind", flat=True)) == {"ticket_confirmation", "new_ticket_sale"}


def test_a_price_that_the_terms_have_overtaken_is_refused(event, buy):
    cheap = TicketTypeFactory(event=event, price_amount=60)
    with pytest.raises(PriceBelowMinimum):
        buy((cheap, 1))
    cheap.refresh_from_db()
    assert cheap.held == 0


def test_a_paid_order_has_tickets_a_mail_an_audit_entry_and_its_stripe_ids(general, buy, pay, settle):
    start = buy((general, 2))
    pay(start.payment.session_id)
    settle()
    order, payment = Order.objects.get(), Payment.objects.get()
    assert (order.status, order.problem, order.hold_expires_at) == ("paid", "", None)
    assert order.completed_at is not None
    assert payment.status == "succeeded"
    assert all(
        (payment.payment_intent_id, payment.charge_id, payment.transfer_id, payment.application_fee_id)
    )
    assert (payment.stripe_fee_amount, payment.card_brand, payment.card_last4) == (320, "visa", "4242")
    assert set(order.tickets.values_list("status", "payment_status", "holder_name")) == {
        ("valid", "paid", "Ada Obi")
    }
    general.refresh_from_db()
    assert (general.held, general.sold) == (0, 2)
    assert AuditEntry.objects.filter(action="order.paid", actor_kind="webhook").count() == 1
    assert list(Message.objects.values_list("state", flat=True)) == ["sent", "sent"]


def test_settling_again_changes_nothing(general, buy, pay, settle):
    start = buy((general, 2))
    pay(start.payment.session_id)
    settle()
    before = list(Payment.objects.values()), list(Order.objects.values()), list(Ticket.objects.values())
    fulfillment.settle_payment(start.payment.session_id)
    assert before == (
        list(Payment.objects.values()),
        list(Order.objects.values()),
        list(Ticket.objects.values()),
    )


def test_an_unpaid_session_settles_nothing(general, buy):
    start = buy((general, 2))
    assert fulfillment.settle_payment(start.payment.session_id).status == "awaiting_payment"
    assert not Ticket.objects.exists()


def test_a_session_of_another_kind_is_not_ours(sandbox, connected_organization):
    parameters = {
        "mode": "payment",
        "success_url": "http://testserver/",
        "line_items": [
            {
                "price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "A mug"}},
                "quantity": 1,
            }
        ],
    }
    session = gateway.create_checkout_session(parameters, idempotency_key="mug-1")
    assert fulfillment.settle_payment(session.id) is None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("amount", 4999, "amount: Stripe 5000, ours 4999"),
        ("currency", "eur", "currency: Stripe usd, ours eur"),
        ("application_fee_amount", 1, "application fee: Stripe 450, ours 1"),
        ("destination", "acct_other", "destination: Stripe acct_"),
    ],
)
def test_a_payment_that_differs_from_its_order_gives_no_ticket_and_goes_to_staff(
    field, value, words, general, buy, pay, settle
):
    start = buy((general, 1))
    Payment.objects.update(**{field: value})
    pay(start.payment.session_id)
    settle()
    payment = Payment.objects.get()
    assert payment.status == Payment.Status.REVIEW
    assert words in payment.review_reason
    assert Order.objects.get().status == "awaiting_payment"
    assert not Ticket.objects.exists()
    entry = AuditEntry.objects.get(action="payment.review")
    assert ConnectedAccount.objects.get().stripe_account_id not in entry.reason
    general.refresh_from_db()
    assert (general.held, general.sold) == (1, 0)


def test_a_late_payment_takes_stock_that_is_still_there(lose_hold, general, buy, pay, settle):
    start = buy((general, 2))
    lose_hold(start.payment)
    pay(start.payment.session_id)
    settle()
    order = Order.objects.get()
    assert (order.status, order.tickets.count(), order.closed_at) == ("paid", 2, None)
    general.refresh_from_db()
    assert (general.held, general.sold) == (0, 2)


def test_a_late_payment_for_what_is_gone_goes_back_in_full(lose_hold, event, buy, pay, settle, sandbox):
    scarce = TicketTypeFactory(event=event, capacity=2)
    start = buy((scarce, 2))
    lose_hold(start.payment)
    other = buy((scarce, 2), email="quick@example.com")
    pay(other.payment.session_id)
    pay(start.payment.session_id)
    settle()
    order, payment = Order.objects.get(pk=start.order.pk), Payment.objects.get(pk=start.payment.pk)
    assert (order.status, order.refunded_amount, order.tickets.count()) == ("refunded", 10000, 0)
    refund = Refund.objects.get(payment=payment)
    assert refund.stripe_refund_id.startswith("re_")
    _, log = sandbox.control("GET", "/_sandbox/requests?path=/v1/refunds", None)
    log = [each for each in log if each["method"] == "POST"]
    assert str(log[-1]["params"]["reverse_transfer"]).lower() == "true"
    assert str(log[-1]["params"]["refund_application_fee"]).lower() == "true"
    assert log[-1]["headers"]["idempotency_key"] == refund.idempotency_key
    assert Message.objects.filter(kind="refund_confirmation", to="ada@example.com", state="sent").count() == 1
    scarce.refresh_from_db()
    assert (scarce.held, scarce.sold) == (0, 2)
    settle()
    fulfillment.settle_payment(start.payment.session_id)
    assert Message.objects.filter(kind="refund_confirmation").count() == 1


def test_a_payment_that_was_under_way_when_the_event_was_cancelled_goes_back(
    event, general, buy, pay, settle
):
    start = buy((general, 2))
    Event.objects.update(status="cancelled")
    pay(start.payment.session_id)
    settle()
    order = Order.objects.get()
    assert (order.status, order.tickets.count(), order.refunded_amount) == ("refunded", 0, 10000)
    general.refresh_from_db()
    assert (general.held, general.sold) == (0, 0)


def test_a_late_payment_for_a_cancelled_event_goes_back(lose_hold, event, general, buy, pay, settle):
    start = buy((general, 1))
    lose_hold(start.payment)
    Event.objects.update(status="cancelled")
    pay(start.payment.session_id)
    settle()
    assert Order.objects.get().status == "refunded"


def test_a_refused_refund_of_a_late_payment_goes_to_staff(lose_hold, event, buy, pay, settle, sandbox):
    scarce = TicketTypeFactory(event=event, capacity=1)
    start = buy((scarce, 1))
    lose_hold(start.payment)
    pay(buy((scarce, 1), email="quick@example.com").payment.session_id)
    pay(start.payment.session_id)
    intent = gateway.retrieve_session(start.payment.session_id).payment_intent_id
    by_hand = {"reverse_transfer": True, "refund_application_fee": True}
    sandbox.control("POST", f"/_sandbox/charges/{intent}/refund", by_hand)
    settle()
    payment = Payment.objects.get(pk=start.payment.pk)
    assert payment.status == Payment.Status.REVIEW
    assert "Stripe refused the refund of a late payment" in payment.review_reason
    refunds = Refund.objects.filter(payment=payment).order_by("pk")
    assert [(one.origin, one.status) for one in refunds] == [
        ("late_payment", "refused"),
        ("stripe", "succeeded"),
    ]
    assert Order.objects.get(pk=start.order.pk).status == "refunded"
    assert Message.objects.filter(kind="refund_confirmation").count() == 1


def test_a_declined_card_is_said_on_the_order_and_another_card_clears_it(general, buy, pay, settle):
    start = buy((general, 1))
    pay(start.payment.session_id, card="4000000000000002")
    settle()
    order = Order.objects.get()
    assert (order.status, order.problem) == ("awaiting_payment", "PAYMENT_FAILED")
    assert Payment.objects.get().failure_code == "generic_decline"
    pay(start.payment.session_id)
    settle()
    order.refresh_from_db()
    assert (order.status, order.problem, Payment.objects.get().failure_code) == ("paid", "", "")


def test_an_expired_session_frees_the_hold(general, buy, settle, sandbox):
    buy((general, 2))
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 33 * 60})
    settle()
    order = Order.objects.get()
    assert (order.status, order.problem) == ("expired", "RESERVATION_EXPIRED")
    assert Payment.objects.get().status == "expired"
    general.refresh_from_db()
    assert (general.held, general.sold) == (0, 0)


def test_every_line_of_an_order_adds_up(event, buy, pay, settle):
    passing_on(event)
    types = [TicketTypeFactory(event=event, price_amount=price) for price in (1010, 333, 0, 12345)]
    start = buy(*((each, 3) for each in types))
    pay(start.payment.session_id)
    settle()
    order = Order.objects.get()
    for field in ("paid", "platform_fee", "processing_fee", "organizer"):
        per_ticket = sum(getattr(ticket, f"{field}_amount") for ticket in order.tickets.all())
        whole = order.total_amount if field == "paid" else getattr(order, f"{field}_amount")
        assert per_ticket == whole
    assert OrderLine.objects.count() == 4


def test_resuming_goes_on_with_the_open_session(general, buy):
    start = buy((general, 1))
    assert checkout.resume_checkout(start.order) == (start.payment.session_url, start.payment.expires_at)
    assert Payment.objects.count() == 1
