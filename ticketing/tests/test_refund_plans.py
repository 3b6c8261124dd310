"""Any refunds of an order, in any split: the parts always add up to the whole, against a model of Stripe's own."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect.errors import PriceBelowMinimum
from connect.services.fees import FeeTermsInForce, TicketLine, quote_order
from connect.tests.test_fee_calculator import BY_PLATFORM, HOST, HOST_BY_SALE, ORGANIZATION, YEN, terms
from maly.errors import MalyError
from ticketing.errors import NothingToRefund, RefundTooLarge
from ticketing.models import Order, Payment, Ticket
from ticketing.services.refund_plans import RefundPlan, money_of, plan_refund, stripes_fee_part

DINAR = terms("organization", currency="kwd", fixed_amount=100, processing_fixed_amount=100)
TERMS = [HOST, ORGANIZATION, BY_PLATFORM, HOST_BY_SALE, YEN, DINAR]


@dataclass
class Sold:
    """An order whose refunds are played, by our plans on one side and Stripe's rules on the other."""

    order: Order
    payment: Payment
    live: list[Ticket]
    settled: dict[str, int] = field(default_factory=lambda: {"organizer": 0, "fee": 0, "processing": 0})
    refunded: int = 0
    given_back: int = 0
    kept: int = 0
    fee_at_stripe: int = 0
    reversed_at_stripe: int = 0
    organizer_balance: int = 0
    own_transfers: int = 0

    def money(self) -> Any:
        return money_of(
            self.order,
            self.payment,
            settled=self.settled,
            refunded_at_stripe=self.refunded,
            fee_back_at_stripe=self.fee_at_stripe,
            reversed_at_stripe=self.reversed_at_stripe,
        )

    def play(self, *, is_short: bool, **wish: Any) -> RefundPlan:
        """Make a refund; a short balance is reversed later by exactly the organizer's part, without the fee."""
        money = self.money()
        plan = plan_refund(money, live=self.live, **wish)
        assert 0 < plan.amount <= money.charge_at_stripe
        if is_short or not plan.reverse_transfer:
            # Of what we have sent the organizer after a failed refund first, then of the charge's own transfer.
            own = min(self.own_transfers, plan.from_organizer_amount)
            self.own_transfers -= own
            self.reversed_at_stripe += plan.from_organizer_amount - own
            self.organizer_balance -= plan.from_organizer_amount
        else:
            self.reversed_at_stripe += plan.amount
            self.organizer_balance -= plan.from_organizer_amount
            if plan.refund_application_fee:
                assert stripes_fee_part(money, plan.amount) == plan.fee_amount
            self.fee_at_stripe += plan.fee_amount
        self.settled["organizer"] += plan.organizer_part_amount
        self.settled["fee"] += plan.fee_part_amount
        self.settled["processing"] += plan.processing_part_amount
        self.refunded += plan.amount
        self.given_back += plan.fee_amount
        self.kept += plan.organizer_part_amount + plan.fee_part_amount - plan.amount
        self.live = [ticket for ticket in self.live if ticket not in plan.tickets]
        self.check()
        return plan

    def fail(self, plan: RefundPlan) -> None:
        """The buyer's bank sends the refund that was just made back, and the organizer is made whole."""
        self.settled["organizer"] -= plan.organizer_part_amount
        self.settled["fee"] -= plan.fee_part_amount
        self.settled["processing"] -= plan.processing_part_amount
        self.refunded -= plan.amount
        self.given_back -= plan.fee_amount
        self.kept -= plan.organizer_part_amount + plan.fee_part_amount - plan.amount
        self.live = [*self.live, *plan.tickets]
        self.organizer_balance += plan.from_organizer_amount
        self.own_transfers += plan.from_organizer_amount

    def check(self) -> None:
        assert self.refunded + self.kept <= self.payment.amount
        assert self.given_back <= self.payment.application_fee_amount
        assert self.fee_at_stripe <= self.payment.application_fee_amount
        assert self.reversed_at_stripe <= self.payment.amount
        assert self.settled["organizer"] <= self.order.organizer_amount
        assert self.settled["processing"] <= self.order.processing_fee_amount
        assert self.settled["fee"] - self.settled["processing"] <= self.order.platform_fee_amount


def sold(prices: list[int], used: FeeTermsInForce, model: str) -> Sold:
    lines = [TicketLine(str(n), "Ticket", price, 1) for n, price in enumerate(prices)]
    quote = quote_order(lines, used, model)
    order = Order(
        currency=used.currency,
        total_amount=quote.total_amount,
        platform_fee_amount=quote.platform_fee,
        processing_fee_amount=quote.processing_fee,
        fee_absorption=model,
    )
    payment = Payment(
        currency=used.currency,
        amount=quote.total_amount,
        application_fee_amount=quote.application_fee_amount,
    )
    tickets = [
        Ticket(
            pk=n,
            paid_amount=amounts.paid,
            platform_fee_amount=amounts.platform_fee,
            processing_fee_amount=amounts.processing_fee,
            organizer_amount=amounts.organizer,
        )
        for n, line in enumerate(quote.lines)
        for amounts in line.tickets
    ]
    return Sold(order, payment, tickets, organizer_balance=payment.amount - payment.application_fee_amount)


@st.composite
def orders(draw: st.DrawFn) -> Sold:
    used = draw(st.sampled_from(TERMS))
    step = 10 if used.currency == "kwd" else 1
    prices = draw(st.lists(st.integers(500, 20_000).map(lambda n: n * step), min_size=1, max_size=6))
    model = draw(st.sampled_from(["absorb", "pass_to_buyer"]))
    try:
        return sold(prices, used, model)
    except PriceBelowMinimum:
        return sold([50_000 * step], used, model)


@given(st.data(), orders())
@settings(max_examples=300, deadline=None)
def test_the_parts_of_any_refunds_add_up_to_the_whole(data: st.DataObject, order: Sold) -> None:
    always_back = data.draw(st.booleans())
    step = 10 if order.payment.currency == "kwd" else 1
    for _ in range(data.draw(st.integers(0, 5))):
        wish: dict[str, Any] = {"gives_fee_back": always_back or data.draw(st.booleans())}
        if order.live and data.draw(st.booleans()):
            wish["chosen"] = data.draw(st.lists(st.sampled_from(order.live), min_size=1, unique=True))
        else:
            wish["amount"] = data.draw(st.integers(1, order.payment.amount // step)) * step
        try:
            order.play(is_short=data.draw(st.booleans()), **wish)
        except (NothingToRefund, RefundTooLarge):
            continue
    try:
        last = order.play(is_short=data.draw(st.booleans()), gives_fee_back=True)
        assert order.live == []
        assert last.tickets or last.amount
    except NothingToRefund:
        assert order.money().left == 0
    assert order.settled["organizer"] == order.order.organizer_amount
    assert order.settled["fee"] == order.payment.application_fee_amount
    assert order.settled["processing"] == order.order.processing_fee_amount
    assert order.refunded + order.kept == order.payment.amount
    if always_back:
        assert (order.refunded, order.given_back) == (
            order.payment.amount,
            order.payment.application_fee_amount,
        )
        assert order.kept == 0


@given(st.data(), orders())
@settings(max_examples=300, deadline=None)
def test_refunds_that_fail_in_between_leave_the_organizer_nothing_more_and_nothing_less(
    data: st.DataObject, order: Sold
) -> None:
    """With the fee given back each time, the last one leaves the organizer's balance at 0, whatever failed before."""
    step = 10 if order.payment.currency == "kwd" else 1
    for _ in range(data.draw(st.integers(1, 5))):
        wish: dict[str, Any] = {"amount": data.draw(st.integers(1, order.payment.amount // step)) * step}
        if order.live and data.draw(st.booleans()):
            wish = {"chosen": data.draw(st.lists(st.sampled_from(order.live), min_size=1, unique=True))}
        try:
            plan = order.play(is_short=data.draw(st.booleans()), gives_fee_back=True, **wish)
        except (NothingToRefund, RefundTooLarge):
            continue
        if data.draw(st.booleans()):
            order.fail(plan)
    if order.money().left:
        order.play(is_short=data.draw(st.booleans()), gives_fee_back=True)
    assert (order.refunded, order.organizer_balance) == (order.payment.amount, 0)
    assert order.given_back == order.payment.application_fee_amount


@given(orders(), st.data())
@settings(max_examples=100, deadline=None)
def test_tickets_one_by_one_in_any_order_give_back_exactly_what_each_froze(
    order: Sold, data: st.DataObject
) -> None:
    for ticket in data.draw(st.permutations(order.live)):
        plan = order.play(is_short=False, chosen=[ticket], gives_fee_back=True)
        assert plan.amount == ticket.paid_amount
        assert plan.fee_amount == ticket.platform_fee_amount + ticket.processing_fee_amount
        assert plan.processing_part_amount == ticket.processing_fee_amount
    assert order.reversed_at_stripe == order.payment.amount
    assert order.fee_at_stripe == order.payment.application_fee_amount


@pytest.mark.parametrize("amount", [0, -1, 10_001])
def test_an_amount_that_cant_be_refunded_is_refused(amount: int) -> None:
    order = sold([10_000], ORGANIZATION, "absorb")
    with pytest.raises(MalyError):
        order.play(is_short=False, amount=amount, gives_fee_back=True)


def test_three_decimal_currencies_go_back_in_tens() -> None:
    order = sold([100_000], DINAR, "absorb")
    with pytest.raises(MalyError, match="steps of 10"):
        order.play(is_short=False, amount=15, gives_fee_back=True)
    assert order.play(is_short=False, amount=20, gives_fee_back=True).amount == 20


@pytest.mark.parametrize(
    ("used", "model", "gives_fee_back", "buyer", "organizer", "platform"),
    [
        (ORGANIZATION, "absorb", True, 5000, 4550, 450),
        (ORGANIZATION, "absorb", False, 5000, 5000, 0),
        (ORGANIZATION, "pass_to_buyer", True, 5458, 5000, 458),
        (ORGANIZATION, "pass_to_buyer", False, 5458, 5458, 0),
        (HOST, "absorb", False, 5000, 5000, 0),
        (HOST, "pass_to_buyer", False, 5150, 5150, 0),
        (HOST, "pass_to_buyer", True, 5150, 5000, 150),
    ],
)
def test_of_a_cancelled_event_the_buyer_gets_all_and_the_organizer_bears_a_fee_that_is_kept(
    used: FeeTermsInForce, model: str, gives_fee_back: bool, buyer: int, organizer: int, platform: int
) -> None:
    order = sold([5000], used, model)
    plan = order.play(is_short=False, gives_fee_back=gives_fee_back, buyer_gets_all=True)
    assert (plan.amount, plan.from_organizer_amount, plan.from_platform_amount) == (
        buyer,
        organizer,
        platform,
    )
    assert (plan.keeps_service_fee, order.live, order.money().left) == (False, [], 0)
    assert plan.refund_application_fee is (platform > 0)


@given(orders(), st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_was_refunded_before_the_buyer_of_a_cancelled_event_gets_the_rest(
    order: Sold, data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(0, 3))):
        try:
            chosen = data.draw(st.lists(st.sampled_from(order.live), min_size=1, unique=True))
            order.play(
                is_short=data.draw(st.booleans()), chosen=chosen, gives_fee_back=data.draw(st.booleans())
            )
        except NothingToRefund:
            continue
        if not order.live:
            return
    left = order.money().left
    plan = order.play(
        is_short=data.draw(st.booleans()), gives_fee_back=data.draw(st.booleans()), buyer_gets_all=True
    )
    assert plan.amount == left
    assert order.refunded + order.kept == order.payment.amount
