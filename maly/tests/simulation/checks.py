"""What must be true after each step, and what at the end, when everything has come to rest."""

from collections import Counter
from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet, Sum

from ledger import chart
from ledger.models import LedgerAccount
from ledger.services.balances import balance, trial_balance
from ledger.services.verification import verify_ledger
from maly.tests.simulation.market import Market, Organizer, Sale
from notifications.models import Message
from payouts.models import OrganizerPayout
from payouts.services.reconciliation.runs import reconcile
from sandbox.tests.books import assert_books_balance
from ticketing.models import (
    Order,
    OrganizerReceivable,
    OrganizerTransfer,
    Refund,
    Ticket,
    TicketType,
    TransferReversal,
)

# Alarms that ring, and should, while events are lost or workers dead for hours; at the end they must be silent.
ON_ITS_WAY = ("I22", "I23", "I25")
Balances = dict[tuple[str, str], int]


def check_step(market: Market, *, is_full: bool) -> None:
    """No invariant is broken but by what is still on its way, and Stripe has made no money."""
    violations = [each for each in verify_ledger(is_full=is_full).violations if each.code not in ON_ITS_WAY]
    assert violations == [], violations
    if is_full:
        assert_books_balance(market.sandbox)


def check_end(market: Market) -> None:
    """Ledger and Stripe agree to the cent, nothing waits, everybody has what is theirs."""
    assert_books_balance(market.sandbox)
    differences = reconcile(grace=timedelta(0)).open
    assert differences == [], [str(each) for each in differences]
    violations = verify_ledger().violations
    assert violations == [], violations
    assert balances_by_ledger() == balances_at_stripe(market)
    assert not TicketType.objects.exclude(held=0).exists()
    for sale in market.sales:
        for order in sale.orders():
            _check_order(market, sale, order)
    for organizer in market.organizers:
        _check_organizer(market, organizer)


def balances_by_ledger() -> Balances:
    """Each balance at Stripe as the ledger has it, by account and currency; the platform's is ""."""
    found: Balances = {}
    for currency in LedgerAccount.objects.values_list("currency", flat=True).distinct():
        for line in trial_balance(currency):
            if line.code.startswith("stripe:"):
                found[line.code, currency] = line.amount
    return {name: amount for name, amount in found.items() if amount}


def balances_at_stripe(market: Market) -> Balances:
    """The same, from Stripe's own totals."""
    codes = {one.account_id: f"stripe:connected:{one.organization.pk}" for one in market.organizers}
    codes[""] = "stripe:platform"
    found = {
        (codes[owner], currency): sum(total.values())
        for (owner, currency), total in market.sandbox.world.totals.items()
    }
    return {name: amount for name, amount in found.items() if amount}


def end_in_words(market: Market) -> str:
    """What everybody has at Stripe, by names that are the same in every run."""
    names = {f"stripe:connected:{one.organization.pk}": one.name for one in market.organizers}
    return str(sorted((names.get(code, code), amount) for (code, _), amount in balances_by_ledger().items()))


def _check_order(market: Market, sale: Sale, order: Order) -> None:
    """The order is what the money rules and its buyer's bank say, with its tickets and one mail."""
    assert (order.total_amount, order.application_fee_amount) == (sale.price.total, sale.price.fee), sale
    assert order.status != Order.Status.AWAITING_PAYMENT, sale
    paid, given_back = banks_view(market, order.code)
    assert all(amount == sale.price.total for amount in paid), sale
    assert len(paid) == order.payments.filter(succeeded_at__isnull=False).count(), sale
    live = Refund.objects.filter(order=order).exclude(status__in=["failed", "refused"])
    assert sorted(live.values_list("amount", flat=True)) == given_back, sale
    promised = Counter(sale.asked_back)
    made = Counter(live.filter(origin__in=["organizer", "staff"]).values_list("amount", "fee_amount"))
    assert made <= promised, (sale, made, promised)
    tickets = Ticket.objects.filter(order=order).count()
    assert tickets in (0, sum(sale.cart)), sale
    mails = Message.objects.filter(key=f"ticket_confirmation:{order.code}", state="sent").count()
    assert mails == bool(tickets), sale


def banks_view(market: Market, code: str) -> tuple[list[int], list[int]]:
    """What an order's buyers paid and got back, by charge and by refund, as Stripe has it."""
    charges = [
        one for one in market.objects("charge") if one["metadata"].get("order") == code and one["paid"]
    ]
    ids = {one["id"] for one in charges}
    refunds = [one for one in market.objects("refund") if one["charge"] in ids]
    live = [one["amount"] for one in refunds if one["status"] not in ("failed", "canceled")]
    return [one["amount"] for one in charges], sorted(live)


def _check_organizer(market: Market, organizer: Organizer) -> None:
    """What it is owed is what its sales brought, less what went back, what it lost, and what its bank got."""
    ours = organizer.organization
    due = 0
    for sale in market.sales:
        for order in sale.orders() if sale.organizer is organizer else []:
            due += sale.price.organizer * order.payments.filter(succeeded_at__isnull=False).count()
            due -= _sum(order.refunds.filter(status="succeeded"), F("amount") - F("fee_amount"))
    due -= _sum(TransferReversal.objects.filter(dispute__order__organization=ours, status="succeeded"))
    due += _sum(OrganizerTransfer.objects.filter(dispute__order__organization=ours, status="succeeded"))
    receivables = OrganizerReceivable.objects.filter(organization=ours)
    # What is taken for a lost dispute's receivable is owed once, not twice.
    due -= _sum(receivables.filter(dispute__isnull=False), F("amount") - F("settled_amount"))
    due += _sum(receivables, F("written_off_amount"))
    due -= _sum(OrganizerPayout.objects.filter(organization=ours, status="paid"))
    held = -balance(chart.organizer(ours), currency="usd")
    owed = balance(chart.receivable_organizer(ours), currency="usd")
    assert due == held - owed, organizer.name


def _sum(rows: QuerySet[Any], what: Any = None) -> int:
    return rows.aggregate(total=Sum("amount" if what is None else what, default=0))["total"]
