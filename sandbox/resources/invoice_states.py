"""What becomes of an invoice: drafted, finalized, paid by a card or by credit, failed, voided.

What follows for the subscription is in `subscription_payments`, which calls this.
"""

from sandbox import currencies
from sandbox.cards import DECLINED
from sandbox.ids import random_text
from sandbox.resources import charges, payment_intents
from sandbox.resources.customer_balances import change_balance
from sandbox.resources.invoice_objects import payment_object
from sandbox.resources.payment_methods import card_of, charge_details
from sandbox.state import State, StripeObject
from sandbox.world import World

# The addresses of hosted invoice pages, by their secret part.
LINKS = "_invoice_link"
# How long Stripe leaves a renewal's invoice open to changes before it is finalized.
DRAFT_SECONDS = 3600


def payment_of(state: State, invoice: StripeObject) -> StripeObject | None:
    """Return the payment that an invoice asks for, or None if it asks for none."""
    rows = state.newest_first("invoice_payment")
    return next((row for row in rows if row["invoice"] == invoice["id"]), None)


def intent_of(state: State, invoice: StripeObject) -> StripeObject | None:
    """Return the PaymentIntent of an invoice, or None."""
    payment = payment_of(state, invoice)
    return state.get("payment_intent", payment["payment"]["payment_intent"]) if payment else None


def draft_invoice(world: World, invoice: StripeObject) -> StripeObject:
    """Store a new invoice and tell of it."""
    world.state.save(invoice)
    world.emit("invoice.created", invoice)
    return invoice


def finalize_invoice(
    world: World, invoice: StripeObject, now: int, *, intent: StripeObject | None = None
) -> None:
    """Fix an invoice's amounts: number, the customer's balance, and the payment that is asked for.

    `intent` has paid already, as at a checkout, which leaves the balance alone. An invoice of which nothing is due
    is paid at once.
    """
    customer = world.state.get("customer", invoice["customer"])
    if intent:
        invoice.update(
            amount_due=invoice["total"], amount_remaining=invoice["total"], ending_balance=customer["balance"]
        )
    else:
        _apply_balance(world, invoice, customer)
    _publish(world, invoice, customer, now)
    if invoice["amount_due"]:
        world.state.save(payment_object(invoice, intent or _intent(world, invoice)))
    world.state.save(invoice)
    world.emit("invoice.finalized", invoice)
    if not invoice["amount_due"]:
        mark_paid(world, invoice, now)


def _publish(world: World, invoice: StripeObject, customer: StripeObject, now: int) -> None:
    """Give an invoice its number and its address."""
    sequence, token = customer["next_invoice_sequence"], random_text(40)
    customer["next_invoice_sequence"] = sequence + 1
    world.state.save(customer)
    world.state.put(LINKS, token, invoice["id"])
    invoice.update(
        effective_at=now,
        hosted_invoice_url=f"{world.url}/i/{token}",
        invoice_pdf=f"{world.url}/i/{token}/pdf",
        number=f"{customer['invoice_prefix']}-{sequence:04d}",
        status="open",
    )
    invoice["status_transitions"]["finalized_at"] = now


def _apply_balance(world: World, invoice: StripeObject, customer: StripeObject) -> None:
    """Let credit pay, keep what is more than paid as credit, and defer what is too little to be charged."""
    total, balance, currency = invoice["total"], customer["balance"], invoice["currency"]
    due, kind = max(0, total + balance), "applied_to_invoice"
    if 0 < due < currencies.MINIMUM.get(currency, 1):
        due, kind = 0, "invoice_too_small"
    # What the balance takes over of this invoice; negative when the invoice gives credit.
    change = total - due
    invoice.update(
        amount_due=due, amount_remaining=due, starting_balance=balance, ending_balance=balance + change
    )
    if change:
        change_balance(world, customer, change, currency, kind=kind, invoice=invoice["id"])


def _intent(world: World, invoice: StripeObject) -> StripeObject:
    first = invoice["billing_reason"] == "subscription_create"
    plan = {"description": f"Subscription {'creation' if first else 'update'}"}
    return payment_intents.create_intent(
        world,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        plan=plan,
        method="card",
        customer=invoice["customer"],
    )


def charge_invoice(
    world: World, invoice: StripeObject, method: StripeObject | None, outcome: str | None
) -> bool:
    """Charge what is due to a kept card; tell whether it went through.

    `outcome` (succeeds, fails) overrules the card. The caller tells the invoice what became of it.
    """
    intent = intent_of(world.state, invoice)
    assert intent is not None
    error = charge_error(world.state, method, outcome)
    if method is None:
        payment_intents.fail_intent(world, intent, None, error or {})
        return False
    card, details = card_of(world.state, method), charge_details(world.state, method)
    charge = charges.create_charge(
        world,
        intent,
        details,
        email=invoice["customer_email"],
        name=method["billing_details"]["name"],
        error=error,
        method_id=method["id"],
    )
    if error:
        payment_intents.fail_intent(world, intent, charge, {**error, "charge": charge["id"]})
        return False
    payment_intents.succeed_intent(world, intent, charge)
    charges.settle_later(world, charge, card)
    return True


def charge_error(state: State, method: StripeObject | None, outcome: str | None) -> dict[str, str] | None:
    """Return why a charge of a kept card fails, or None if it goes through."""
    if outcome == "succeeds" and method is not None:
        return None
    if method is None:
        words: tuple[str, str, str] | None = (
            "payment_intent_unexpected_state",
            "",
            "There is no payment method to charge.",
        )
    else:
        words = card_of(state, method).decline or (DECLINED if outcome == "fails" else None)
    if words is None:
        return None
    code, decline_code, message = words
    error = {
        "code": code,
        "doc_url": "https://stripe.com/docs/error-codes/" + code.replace("_", "-"),
        "message": message,
        "type": "card_error",
    }
    return error | ({"decline_code": decline_code} if decline_code else {})


def mark_paid(world: World, invoice: StripeObject, now: int) -> None:
    """Note that an invoice is paid and tell of it."""
    before = {
        name: invoice[name] for name in ("amount_paid", "amount_remaining", "next_payment_attempt", "status")
    }
    due = invoice["amount_due"]
    invoice.update(
        amount_paid=due,
        amount_remaining=0,
        attempted=True,
        auto_advance=False,
        next_payment_attempt=None,
        status="paid",
    )
    invoice["status_transitions"]["paid_at"] = now
    world.state.save(invoice)
    payment = payment_of(world.state, invoice)
    if payment:
        payment.update(amount_paid=due, status="paid")
        payment["status_transitions"]["paid_at"] = now
        world.state.save(payment)
    changed = {name: old for name, old in before.items() if invoice[name] != old}
    world.emit("invoice.updated", invoice, previous=changed)
    world.emit("invoice.paid", invoice)
    world.emit("invoice.payment_succeeded", invoice)
    if payment:
        world.emit("invoice_payment.paid", payment)


def mark_failed(world: World, invoice: StripeObject, next_attempt: int | None) -> None:
    """Note that a charge failed, and when the next one is tried, if it is."""
    before = {"next_payment_attempt": invoice["next_payment_attempt"]}
    invoice.update(next_payment_attempt=next_attempt, auto_advance=next_attempt is not None)
    world.state.save(invoice)
    world.emit("invoice.updated", invoice, previous=before)
    world.emit("invoice.payment_failed", invoice)


def void_invoice(world: World, invoice: StripeObject, now: int) -> None:
    """Void an open invoice: nobody is to pay it any more, and the balance takes back what it gave."""
    taken = invoice["total"] - invoice["amount_due"]
    if taken:
        customer = world.state.get("customer", invoice["customer"])
        kind = "unapplied_from_invoice"
        change_balance(world, customer, -taken, invoice["currency"], kind=kind, invoice=invoice["id"])
    invoice.update(auto_advance=False, next_payment_attempt=None, status="void")
    invoice["status_transitions"]["voided_at"] = now
    world.state.save(invoice)
    intent = intent_of(world.state, invoice)
    if intent:
        payment_intents.cancel_intent(world, intent)
    world.emit("invoice.voided", invoice)
