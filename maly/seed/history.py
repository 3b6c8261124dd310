"""What has happened to the demo since: refunds, a dispute, a cancelled event, payouts, orders that came to nothing."""

from contextlib import suppress

from connect.selectors import get_current_account
from connect.services.accounts import sync_account
from maly.seed.orders import AVAILABLE_AT_ONCE, buy, find_order, finish, settle_the_books, start
from maly.seed.people import People
from maly.seed.stripe import Refused, Stripe
from payouts.models import OrganizerPayout
from payouts.services.payouts import sync_payout
from ticketing.models import Event, Order
from ticketing.services.cancellation_work import work_off_cancellations
from ticketing.services.cancellations import cancel_event
from ticketing.services.checkout import cancel_checkout
from ticketing.services.disputes import sync_dispute
from ticketing.services.holds import expire_due_holds
from ticketing.services.refunds import request_refund

MARKET, CONCERT, SUPPER = "Night Market: Opening Night", "Candlelight Concert", "Regatta Supper"
DECLINED = "4000000000000002"
DAYS_TO_ANSWER = 3


def make_demo_history(people: People, events: dict[str, Event], stripe: Stripe) -> int:
    """Let happen what hasn't yet; returns how many orders are new. Each order has the buyer of a number of its own."""
    market, concert, supper = events[MARKET], events[CONCERT], events[SUPPER]
    made = _come_to_nothing(market, stripe)
    made += buy(market, (("General admission", 2),), 60, stripe)
    made += buy(concert, (("Seat", 3),), 61, stripe)
    made += buy(concert, (("Seat", 2),), 62, stripe)
    made += buy(market, (("General admission", 2),), 65, stripe, card=AVAILABLE_AT_ONCE)
    if supper.status != Event.Status.CANCELLED:
        made += buy(supper, (("Supper", 2),), 63, stripe) + buy(supper, (("Supper", 1),), 64, stripe)
    settle_the_books()
    _refund(people, market, concert)
    _dispute(find_order(concert, 62), stripe)
    _cancel(people, supper)
    _pay_out(people, stripe)
    return made


def _come_to_nothing(event: Event, stripe: Stripe) -> int:
    """One order that expired, one that its buyer cancelled after a declined card, one that is being paid for."""
    if find_order(event, 70):
        return 0
    cart = (("General admission", 1),)
    lapsed = start(event, cart, 70).order
    expire_due_holds(now=lapsed.hold_expires_at)
    declined = start(event, cart, 71)
    finish(declined.payment, stripe, DECLINED)
    cancel_checkout(declined.order)
    start(event, cart, 72)
    return 3


def _refund(people: People, market: Event, concert: Event) -> None:
    """A whole order, and one ticket of three."""
    whole, part = find_order(market, 60), find_order(concert, 61)
    if whole and _is_untouched(whole):
        request_refund(whole, actor=people.organizer, reason="You can’t come after all.")
    if part and _is_untouched(part):
        code = part.tickets.values_list("code", flat=True)[:1]
        request_refund(part, actor=people.organizer, reason="One of you can’t come.", tickets=list(code))


def _is_untouched(order: Order) -> bool:
    """Whether nothing has become of it since it was paid, not even in a start that was cut short."""
    return order.status == Order.Status.PAID and not order.refunds.exists()


def _dispute(order: Order | None, stripe: Stripe) -> None:
    """The buyer's bank wants an answer within three days. Stripe refuses a second one of the same charge."""
    if order is None or not _is_untouched(order):
        return
    charge_id = order.payments.get(status="succeeded").charge_id
    assert charge_id
    with suppress(Refused):
        sync_dispute(stripe.dispute(charge_id, reason="product_not_received", days=DAYS_TO_ANSWER))


def _cancel(people: People, event: Event) -> None:
    """Called off; its buyers get their money back."""
    if event.status != Event.Status.CANCELLED:
        reason = "The pier is closed for repairs until spring."
        cancel_event(event, actor=people.organizer, reason=reason)
    while work_off_cancellations():
        continue


def _pay_out(people: People, stripe: Stripe) -> None:
    """One payout that arrived, and one that the bank refused: its organizer must enter another bank account."""
    wishes = (
        (people.harbour_arts, {"outcome": "paid"}),
        (people.tidewater_choir, {"outcome": "failed", "failure_code": "account_closed"}),
    )
    for organization, outcome in wishes:
        account = get_current_account(organization)
        if (
            account
            and account.stripe_account_id
            and not OrganizerPayout.objects.filter(connected_account=account).exists()
        ):
            with suppress(Refused):  # nothing is left after a start that was cut short
                payout_id = stripe.pay_out(account.stripe_account_id, **outcome)
                sync_payout(account, payout_id, actor_kind="command")
            sync_account(account.stripe_account_id, actor_kind="command")
