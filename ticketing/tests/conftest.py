"""Fixtures of ticketing: an event on sale whose organizer Stripe pays, and the ways of a buyer."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organization
from ticketing.models import Dispute, Event, Order, Payment, TicketType
from ticketing.services import checkout
from ticketing.services.orders import close_order, lock_payment
from ticketing.tests.factories import EventFactory, TicketTypeFactory


@pytest.fixture
def event(connected_organization: Organization) -> Event:
    return EventFactory(organization=connected_organization, title="Night Market", slug="night-market")


@pytest.fixture
def general(event: Event) -> TicketType:
    """$50.00, 100 of them."""
    return TicketTypeFactory(event=event)


@pytest.fixture
def buy(event: Event) -> Callable[..., checkout.CheckoutStart]:
    """Start a checkout of `(ticket_type, quantity)` pairs as a guest."""

    def start(
        *wanted: tuple[TicketType, int], email: str = "ada@example.com", **more: Any
    ) -> checkout.CheckoutStart:
        items = [checkout.Item(ticket_type.public_id, quantity) for ticket_type, quantity in wanted]
        return checkout.start_checkout(event, items=items, email=email, name="Ada Obi", **more)

    return start


@pytest.fixture
def pay(sandbox: Any) -> Callable[..., dict[str, Any]]:
    """Pay a session on Stripe's page, as the buyer would."""

    def on_stripes_page(session_id: str, card: str = "4242424242424242") -> dict[str, Any]:
        status, answer = sandbox.control("POST", f"/_sandbox/checkout/{session_id}/pay", {"card": card})
        assert status == 200, answer
        return answer

    return on_stripes_page


@pytest.fixture
def sell(
    buy: Callable[..., checkout.CheckoutStart], pay: Callable[..., Any], settle: Callable[[], None]
) -> Callable[..., Order]:
    """Buy, pay and let everything settle; the paid order."""

    def paid(*wanted: tuple[TicketType, int], **more: Any) -> Order:
        start = buy(*wanted, **more)
        pay(start.payment.session_id)
        settle()
        return Order.objects.get(pk=start.order.pk)

    return paid


@pytest.fixture
def lose_hold() -> Callable[[Payment], None]:
    """Free a hold though Stripe's session is still open: what can happen after 90 seconds of silence."""

    def free(payment: Payment) -> None:
        order, payment = lock_payment(payment.pk, payment.order_id)
        close_order(order, payment, status=Order.Status.EXPIRED, payment_status=Payment.Status.EXPIRED)

    return free


@pytest.fixture
def dispute(sandbox: Any, settle: Callable[[], None]) -> Callable[..., Dispute]:
    """Have the buyer's bank dispute an order's payment, and let everything settle."""

    def by_the_bank(order: Order, **wish: Any) -> Dispute:
        charge = order.payments.filter(status="succeeded").get().charge_id
        status, made = sandbox.control("POST", f"/_sandbox/charges/{charge}/dispute", wish)
        assert status == 200, made
        settle()
        return Dispute.objects.get(stripe_dispute_id=made["id"])

    return by_the_bank


@pytest.fixture
def decide(sandbox: Any, settle: Callable[[], None]) -> Callable[..., Dispute]:
    """Have the bank decide a dispute, and let everything settle."""

    def by_the_bank(dispute: Dispute, outcome: str) -> Dispute:
        path = f"/_sandbox/disputes/{dispute.stripe_dispute_id}"
        status, made = sandbox.control("POST", path, {"outcome": outcome})
        assert status == 200, made
        settle()
        return Dispute.objects.get(pk=dispute.pk)

    return by_the_bank
