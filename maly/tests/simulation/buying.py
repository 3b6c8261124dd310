"""Rules of buyers: they order, pay, are declined, leave, come back, come late, or never answer."""

from datetime import timedelta

from hypothesis import strategies as st

from accounts.models import AuditEntry
from maly.tests.simulation.base import PICK, TROUBLES, Run
from maly.tests.simulation.market import Cart, Sale
from maly.tests.simulation.steps import step
from maly.tests.simulation.trouble import Trouble
from ticketing.models import Payment
from ticketing.services import checkout, renewal
from ticketing.services.checkout import CheckoutStart
from ticketing.services.fulfillment import settle_payment

CARTS = st.sampled_from(
    [(1, 0, 0), (2, 0, 0), (1, 1, 0), (0, 3, 0), (3, 1, 1), (0, 0, 1), (1, 0, 1), (0, 1, 2)]
)
GOOD, AT_ONCE, DECLINED, POOR, CHECKED = (
    "4242424242424242",
    "4000000000000077",
    "4000000000000002",
    "4000000000009995",
    "4000000000003220",
)
CARDS = st.sampled_from([GOOD, AT_ONCE, DECLINED, POOR, CHECKED])


class Buying(Run):
    @step(3, organizer=st.integers(0, 2), cart=CARTS, trouble=TROUBLES)
    def order(self, organizer: int, cart: Cart, trouble: Trouble) -> None:
        sale = self._new_sale(organizer, cart)
        self._start(sale, trouble)

    @step(7, organizer=st.integers(0, 2), cart=CARTS, card=st.sampled_from([AT_ONCE, GOOD, AT_ONCE]))
    def buy(self, organizer: int, cart: Cart, card: str) -> None:
        """A purchase as it should be, down to the mail."""
        sale = self._new_sale(organizer, cart)
        self._start(sale, Trouble())
        self._pay(sale, card=card)
        self.work.settle()

    @step(1, pick=PICK, trouble=TROUBLES)
    def order_again(self, pick: int, trouble: Trouble) -> None:
        """The same request with the same Idempotency-Key, as a client repeats it."""
        if sale := self.sale(pick):
            self._start(sale, trouble)

    @step(4, pick=PICK, card=CARDS)
    def pay(self, pick: int, card: str) -> None:
        if sale := self.sale(pick):
            self._pay(sale, card=card)

    @step(1, pick=PICK, succeeds=st.booleans())
    def pay_by_bank_debit(self, pick: int, succeeds: bool) -> None:
        """Stripe says complete now and paid, or failed, a minute later."""
        if sale := self.sale(pick):
            self._pay(sale, delayed="succeeds" if succeeds else "fails")

    @step(2, pick=PICK, trouble=TROUBLES)
    def come_back_from_stripe(self, pick: int, trouble: Trouble) -> None:
        payment = self._last_payment(pick)
        if payment and payment.session_id:
            session_id = payment.session_id
            self.act(
                f"the buyer of {payment.amount} comes back",
                lambda: settle_payment(session_id, actor_kind=AuditEntry.Actor.BUYER),
                trouble,
            )

    @step(1, pick=PICK, trouble=TROUBLES)
    def cancel(self, pick: int, trouble: Trouble) -> None:
        sale = self.sale(pick)
        if sale and (order := sale.order()):
            self.act(f"{sale.number} cancels", lambda: checkout.cancel_checkout(order), trouble)

    @step(1, pick=PICK, trouble=TROUBLES, keeps=st.booleans())
    def go_on(self, pick: int, trouble: Trouble, keeps: bool) -> None:
        """The order page: go on with an order whose hold is nearly over, or over."""
        sale = self.sale(pick)
        if sale and (order := sale.order()):
            call = renewal.keep_holding if keeps else checkout.resume_checkout
            self.act(f"{sale.number} goes on", lambda: call(order), trouble)

    @step(1, organizer=st.integers(0, 2), cart=CARTS)
    def order_without_an_answer(self, organizer: int, cart: Cart) -> None:
        """Stripe opens the session and its answer is lost, until our sweep gives the order up."""
        sale = self._new_sale(organizer, cart)
        self._start(sale, Trouble("lost", 1))
        self.pass_time(timedelta(minutes=2))
        self.act("sweeps", self.work.sweep)

    def _new_sale(self, organizer: int, cart: Cart) -> Sale:
        sale = Sale(len(self.market.sales) + 1, self.market.organizers[organizer], cart)
        self.market.sales.append(sale)
        return sale

    def _start(self, sale: Sale, trouble: Trouble) -> CheckoutStart | None:
        event = sale.organizer.event
        return self.act(
            f"{sale.number} orders {sale.cart} of {sale.organizer.name}",
            lambda: checkout.start_checkout(
                event, items=sale.items, email=sale.email, name="Ada Obi", idempotency=sale.key
            ),
            trouble,
        )

    def _pay(self, sale: Sale, **how: str) -> None:
        """At Stripe's page, whatever we think of the session: who has its address can pay."""
        order = sale.order()
        if order is None:
            return
        sessions = [
            one for one in self.market.objects("checkout.session") if one["client_reference_id"] == order.code
        ]
        if sessions:
            status, answer = self.market.control(f"checkout/{sessions[-1]['id']}/pay", **how)
            self.tell(f"{sale.number} pays by {how}: {status} {answer.get('payment_status', '')}")

    def _last_payment(self, pick: int) -> Payment | None:
        sale = self.sale(pick)
        return Payment.objects.filter(order__email=sale.email).order_by("-pk").first() if sale else None
