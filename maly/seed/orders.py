"""The demo's orders: bought by the checkout service and paid on the sandbox, as any other."""

from datetime import timedelta

from django.utils import timezone

from connect.tasks import process_due_events
from maly.seed.people import People
from maly.seed.stripe import Stripe
from ticketing.models import Event, Order, Payment
from ticketing.services.charges import MISSING_AFTER, record_missing_charge_money
from ticketing.services.checkout import CheckoutStart, Item, start_checkout
from ticketing.services.events import update_event
from ticketing.services.fulfillment import settle_payment

FIRST = ("Ada", "Ben", "Chloé", "Dev", "Emeka", "Fatima", "Grace", "Hiro", "Ines", "Jonas", "Kira", "Luca")
LAST = ("Obi", "Marsh", "Laurent", "Patel", "Eze", "Haddad", "Kim", "Sato", "Costa", "Berg", "Novak", "Rossi")
# event → carts, one an order; a cart is (name of the ticket type, quantity) pairs
Cart = tuple[tuple[str, int], ...]
CARTS: dict[str, tuple[Cart, ...]] = {
    "Night Market: Opening Night": (
        (("General admission", 2),),
        (("General admission", 1), ("Supper seat", 2)),
        (("Early bird", 3),),
        (("Supper seat", 1),),
        (("General admission", 4),),
        (("Stallholder's guest", 1),),
    ),
    "Candlelight Concert": ((("Seat", 2),), (("Balcony", 3),), (("Seat", 1), ("Balcony", 1)), (("Seat", 4),)),
    "Seed Swap and Soup": ((("Free entry", 2),), (("Free entry", 1),), (("Free entry", 4),)),
    "Tideline Films": ((("Deckchair", 2),), (("Deckchair", 4),)),
    "Autumn Lantern Walk": ((("Lantern", 2),), (("Lantern", 1),), (("Lantern", 3),)),
    "Rooftop Strings": ((("Seat", 2), ("Under 16", 1)), (("Seat", 1),)),
    "Carols by Candlelight": ((("Seat", 2),), (("Seat", 4),)),
    "Letterpress for Beginners": (
        (("Place at the press", 1),),
        (("Watch and learn", 3),),
        (("Place at the press", 2),),
    ),
}
CARD = "4242424242424242"
AVAILABLE_AT_ONCE = "4000000000000077"


def make_demo_orders(people: People, events: dict[str, Event], stripe: Stripe) -> int:
    """Buy what the demo's people have bought; returns how many orders are new."""
    made = 0
    number = 0
    for title, carts in CARTS.items():
        for cart in carts:
            # The choir's money is there at once, so that it can be paid out.
            card = AVAILABLE_AT_ONCE if title == "Carols by Candlelight" else CARD
            made += buy(events[title], cart, number, stripe, card=card)
            number += 1
    made += _attendee_buys(people, events["Night Market: Opening Night"], stripe)
    settle_the_books()
    _let_end(people, events["Autumn Lantern Walk"])
    return made


def buy(event: Event, cart: Cart, number: int, stripe: Stripe, *, card: str = CARD) -> int:
    """Buy as the buyer of that number, unless they have; how many orders are new."""
    if find_order(event, number):
        return 0
    finish(start(event, cart, number).payment, stripe, card)
    return 1


def start(event: Event, cart: Cart, number: int) -> CheckoutStart:
    """Go as far as Stripe's page as the buyer of that number; what is free is bought by that."""
    first, last = FIRST[number % len(FIRST)], LAST[(number * 5 + number // 12) % len(LAST)]
    return start_checkout(event, items=_items(event, cart), email=_email(number), name=f"{first} {last}")


def find_order(event: Event, number: int) -> Order | None:
    """What the buyer of that number has bought there."""
    return Order.objects.filter(event=event, email=_email(number)).first()


def _attendee_buys(people: People, event: Event, stripe: Stripe) -> int:
    attendee = people.attendee
    if Order.objects.filter(event=event, user=attendee).exists():
        return 0
    items = _items(event, (("General admission", 2),))
    started = start_checkout(event, items=items, email=attendee.email, name=attendee.name, user=attendee)
    finish(started.payment, stripe)
    return 1


def finish(payment: Payment | None, stripe: Stripe, card: str = CARD) -> None:
    """Pay on Stripe's page with this card and come back; a free order has nothing to pay."""
    if payment and payment.session_id:
        stripe.pay(payment.session_id, card)
        settle_payment(payment.session_id)


def _email(number: int) -> str:
    return f"buyer{number}@example.com"


def _items(event: Event, cart: Cart) -> list[Item]:
    kinds = {kind.name: kind for kind in event.ticket_types.all()}
    return [Item(kinds[name].public_id, quantity) for name, quantity in cart]


def settle_the_books() -> None:
    """Let the worker's part happen now: stored events, and what Stripe books after the charge."""
    process_due_events()
    while record_missing_charge_money(now=timezone.now() + MISSING_AFTER):
        continue


def _let_end(people: People, event: Event) -> None:
    """The lantern walk was last week."""
    if event.ends_at > timezone.now():
        starts_at = event.starts_at - timedelta(days=9)
        update_event(
            event, actor=people.organizer, starts_at=starts_at, ends_at=starts_at + timedelta(hours=4)
        )
