"""What a change within a period costs: credit for the time that is left of the old price, charge for the new one."""

from dataclasses import dataclass

from sandbox.currencies import share
from sandbox.errors import invalid
from sandbox.resources.invoice_lines import Line, day_words, full_line
from sandbox.resources.products import product_name
from sandbox.resources.subscription_periods import item_of, next_end, own_now, period_of
from sandbox.state import State, StripeObject
from sandbox.world import World

# Lines that wait for a subscription's next invoice.
PENDING = "_pending_lines"


@dataclass(frozen=True)
class Switch:
    """A change of a subscription's price, worked out but not carried out; moments in Unix times."""

    price: StripeObject
    quantity: int
    at: int
    anchor: int
    period: tuple[int, int]
    lines: list[Line]
    # Whether a new period begins.
    anew: bool
    # Whether there is an invoice now, rather than lines on the next one.
    at_once: bool


def plan_switch(
    world: World,
    subscription: StripeObject,
    price: StripeObject,
    quantity: int,
    behavior: str,
    date: int | None = None,
) -> Switch:
    """Work out a change of price or quantity at a moment of the current period (default: now).

    As at Stripe a change of interval begins a new period now, which is charged at once; within the same interval the
    period stays and only the difference for its rest is due.
    """
    at = _checked_date(world, subscription, date)
    old, (start, end) = item_of(subscription), period_of(subscription)
    anew = _interval(old["price"]) != _interval(price) and subscription["status"] != "trialing"
    period = (at, next_end(at, at, price["recurring"])) if anew else (start, end)
    lines = [] if behavior == "none" else [_credit(world.state, subscription, at)]
    if anew:
        lines.append(full_line(world.state, price, quantity, period))
    elif behavior != "none":
        lines.append(_charge(world.state, price, quantity, at, (start, end)))
    if subscription["status"] == "trialing":
        lines = []
    anchor = at if anew else subscription["billing_cycle_anchor"]
    at_once = anew or (behavior == "always_invoice" and bool(lines))
    return Switch(price, quantity, at, anchor, period, lines, anew, at_once)


def _checked_date(world: World, subscription: StripeObject, date: int | None) -> int:
    start, end = period_of(subscription)
    if date is None:
        return own_now(world, subscription)
    if not start <= date <= end:
        raise invalid(
            "Cannot specify `proration_date` outside of the current subscription period.",
            param="proration_date",
        )
    return date


def _interval(price: StripeObject) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _credit(state: State, subscription: StripeObject, at: int) -> Line:
    """Return the line that gives back what is left of the current period, by the second, rounded half up."""
    item, (start, end) = item_of(subscription), period_of(subscription)
    whole = item["price"]["unit_amount"] * item["quantity"]
    words = f"Unused time on {product_name(state, item['price'])} after {day_words(at)}"
    return Line(
        item["price"],
        item["quantity"],
        -share(whole, end - at, end - start),
        (at, end),
        words,
        proration=True,
    )


def _charge(state: State, price: StripeObject, quantity: int, at: int, period: tuple[int, int]) -> Line:
    start, end = period
    amount = share(price["unit_amount"] * quantity, end - at, end - start)
    words = f"Remaining time on {product_name(state, price)} after {day_words(at)}"
    return Line(price, quantity, amount, (at, end), words, proration=True)


def keep_lines(state: State, subscription: StripeObject, lines: list[Line]) -> None:
    """Let lines wait for the next invoice."""
    waiting = state.get(PENDING, subscription["id"]) or []
    rows = [
        {
            "price": line.price["id"],
            "quantity": line.quantity,
            "amount": line.amount,
            "period": list(line.period),
            "description": line.description,
        }
        for line in lines
    ]
    state.put(PENDING, subscription["id"], waiting + rows)


def pending_lines(state: State, subscription: StripeObject) -> list[Line]:
    """Return the lines that wait for the next invoice."""
    return [
        Line(
            state.get("price", row["price"]),
            row["quantity"],
            row["amount"],
            (row["period"][0], row["period"][1]),
            row["description"],
            proration=True,
        )
        for row in state.get(PENDING, subscription["id"]) or []
    ]


def take_pending_lines(state: State, subscription: StripeObject) -> list[Line]:
    """Return the waiting lines, which wait no longer."""
    lines = pending_lines(state, subscription)
    state.remove(PENDING, subscription["id"])
    return lines
