"""The refund page: what can be refunded or why nothing can, and what a refund would do, by the plan it is made by."""

import logging
from dataclasses import dataclass

from django.utils.translation import gettext as _

from connect import gateway
from connect.errors import StripeUnavailable
from connect.models import FeeAbsorption
from maly.money import format_amount
from ticketing.errors import NothingToRefund
from ticketing.models import Order, OrderLine, Payment, Refund, Ticket
from ticketing.services.refund_plans import RefundPlan
from ticketing.services.refundable import live_tickets, read_money
from ticketing.services.refunds import check_nothing_under_way, find_payment, preview_refund

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Refundable:
    """What is left of an order; amounts are minor units of its currency."""

    order: Order
    payment: Payment
    tickets: list[Ticket]
    left_amount: int

    @property
    def may_keep_fee(self) -> bool:
        """Whether the organizer may choose: the buyer bore the fee, and the order's plan would give it back.

        A fee that the plan keeps is the platform's to give, not the organizer's.
        """
        is_on_top = self.order.fee_absorption == FeeAbsorption.PASS_TO_BUYER
        return is_on_top and bool(self.order.fee_terms.get("refunds_platform_fee"))

    @property
    def card(self) -> str:
        return card_of(self.payment)


@dataclass(frozen=True, kw_only=True)
class RefundPreview:
    """A refund that is about to be made; `funds_amount` is None while Stripe can't be asked for the balance."""

    order: Order
    payment: Payment
    plan: RefundPlan
    funds_amount: int | None
    is_restocked: bool

    @property
    def fingerprint(self) -> str:
        """What the figures were; another one means that they have to be shown again."""
        plan = self.plan
        return f"{plan.amount}-{plan.from_organizer_amount}-{len(plan.tickets)}"

    @property
    def short_amount(self) -> int:
        """What the organizer's balance doesn't cover of its part; 0 while the balance isn't known."""
        return 0 if self.funds_amount is None else self.plan.from_organizer_amount - self.funds_amount

    @property
    def checked_in(self) -> list[Ticket]:
        return [ticket for ticket in self.plan.tickets if ticket.status == Ticket.Status.CHECKED_IN]

    @property
    def kept_amount(self) -> int:
        """What of the service fee the buyer doesn't get back."""
        plan = self.plan
        return plan.organizer_part_amount + plan.fee_part_amount - plan.amount

    @property
    def facts(self) -> list[str]:
        """What happens, in sentences."""
        card = card_of(self.payment)
        back = (
            _("Back on %(card)s in 5–10 working days.") % {"card": card} if card else _("5–10 working days.")
        )
        return [back, *self._of_tickets(), *self._of_money()]

    def _of_tickets(self) -> list[str]:
        if not self.plan.tickets:
            return [_("No ticket is cancelled. All of them stay valid.")]
        codes = ", ".join(f"{ticket.code[:5]}-{ticket.code[5:]}" for ticket in self.plan.tickets)
        if len(self.plan.tickets) == 1:
            words = _("Ticket %(codes)s is cancelled and can’t be used.") % {"codes": codes}
        else:
            words = _("Tickets %(codes)s are cancelled and can’t be used.") % {"codes": codes}
        seats = (
            _("The seats go back on sale.") if self.is_restocked else _("The seats don’t go back on sale.")
        )
        return [words, seats]

    def _of_money(self) -> list[str]:
        currency = self.plan.currency
        facts = []
        if self.funds_amount is None:
            facts.append(_("We couldn’t reach Stripe to ask for your balance."))
            facts.append(_("What your balance doesn’t cover is taken from your next sales."))
        elif self.short_amount:
            given = {
                "covered": format_amount(self.funds_amount, currency),
                "short": format_amount(self.short_amount, currency),
            }
            words = _(
                "Your Stripe balance covers %(covered)s of it. The other %(short)s is taken from your next sales."
            )
            facts.append(words % given)
        if self.kept_amount:
            kept = {"amount": format_amount(self.kept_amount, currency)}
            facts.append(_("The service fee of %(amount)s is not returned.") % kept)
        return facts


def refundable(order: Order) -> Refundable:
    """What can be refunded of an order now.

    Raises why nothing can: OrderNotRefundable, NothingToRefund, RefundUnderWay, RefundNeedsStaff.
    """
    payment = find_payment(order)
    check_nothing_under_way(payment)
    money = read_money(order, payment)
    if not money.left:
        raise NothingToRefund
    lines = {line.pk: line for line in OrderLine.objects.filter(order=order)}
    tickets = live_tickets(order)
    for ticket in tickets:
        ticket.line = lines[ticket.line_id]
    return Refundable(order=order, payment=payment, tickets=tickets, left_amount=money.left)


def preview(found: Refundable, *, wish: dict[str, object], is_restocked: bool) -> RefundPreview:
    """What a refund as wished would do; raises what `preview_refund` raises."""
    plan = preview_refund(found.order, **wish)  # type: ignore[arg-type]
    return RefundPreview(
        order=found.order,
        payment=found.payment,
        plan=plan,
        funds_amount=_find_funds(found.payment, plan),
        is_restocked=is_restocked,
    )


def card_of(payment: Payment) -> str:
    """What paid: Visa ····4242; nothing if Stripe didn't say."""
    if not payment.card_last4:
        return ""
    return f"{payment.card_brand.capitalize() or _('Card')} ····{payment.card_last4}"


def state_of(refund: Refund) -> str:
    """Where a refund is, for its page: pending, done, failed or refused."""
    states: dict[str, str] = {
        Refund.Status.REQUESTED: "pending",
        Refund.Status.PENDING: "done",
        Refund.Status.SUCCEEDED: "done",
        Refund.Status.REFUSED: "refused",
        Refund.Status.OTHERWISE: "otherwise",
    }
    return states.get(refund.status, "failed")


def _find_funds(payment: Payment, plan: RefundPlan) -> int | None:
    """How much of the organizer's part its balance holds, pending and available; None if Stripe doesn't answer."""
    try:
        with gateway.answering_people():
            held = gateway.retrieve_balance(payment.destination)
    except StripeUnavailable:
        logger.warning("balance_unknown payment=%s", payment.pk)
        return None
    balance = held.available.get(plan.currency, 0) + held.pending.get(plan.currency, 0)
    return max(0, min(plan.from_organizer_amount, balance))
