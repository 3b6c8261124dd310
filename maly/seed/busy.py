"""A million orders, to measure with: one organization sells by the services, and is then copied in the database."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import QuerySet

from accounts.models import Membership, Organization, User
from connect.models import ConnectedAccount
from ledger import chart
from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction
from ledger.services.sealing import seal_transactions
from ledger.services.verification import verify_ledger
from maly.seed.copies import Part, World, code_sql, suffixed
from maly.seed.events import Plan, Type, make_event
from maly.seed.orders import Cart, buy, find_order, settle_the_books
from maly.seed.people import connect, make_person, make_team
from maly.seed.stripe import Stripe
from notifications.models import Message
from payouts import postings
from payouts.models import BalanceTransaction, PlatformPayout
from payouts.services.reconciliation.imports import find_imports, import_movements
from ticketing.models import (
    ApplicationFeeRefund,
    Event,
    EventListing,
    Order,
    OrderLine,
    Payment,
    Refund,
    RefundTicket,
    Ticket,
    TicketType,
    TransferReversal,
)
from ticketing.services.refunds import request_refund

ORDERS = 1_000_000
# Of one organization; so many organizations are made of it as the orders need.
ORDERS_EACH = 200
REFUNDS_EACH = 8
AT_ONCE = 50
SEALED_AT_ONCE = 10_000
YEARS = timedelta(days=730)
SALT = 10**9  # more than the orders of any run
SLUG, NAME = "busy-hall", "Busy Hall"
SEAT, SUPPER, FREE = Type("Seat", 2500, 400), Type("Supper", 6400, 200), Type("Free entry", 0, 400)
CARTS: tuple[Cart, ...] = (
    (("Seat", 2),),
    (("Free entry", 1),),
    (("Seat", 1), ("Supper", 1)),
    (("Supper", 3),),
    (("Free entry", 2),),
)
STRIPE_IDS = ("stripe_id", "source_id", "transfer_id", "payment_id", "reversal_id", "application_fee_id")
Tell = Callable[[str], object]


def make_busy(stripe: Stripe, *, orders: int, tell: Tell) -> int:
    """Make so many orders in organizations that have since closed their Stripe accounts; what is there already counts.

    Stripe knows only those of the first organization; the platform's share of the others is posted as paid out, so
    that its balance at Stripe still is the ledger's. Returns how many orders are new. Raises CommandError.
    """
    original = _make_original(stripe)
    made = Organization.objects.filter(slug__startswith=f"{SLUG}-").count()
    wanted = orders // ORDERS_EACH
    if wanted <= made:
        return 0
    _require_superuser()
    started = time.monotonic()
    world = World(_parts(original, salt=_find_salt(made, wanted)))
    step = YEARS / wanted
    for done in world.copy(made, wanted, at_once=AT_ONCE, step=step, then=_pay_out_share):
        tell(f"{done * ORDERS_EACH:,} of {orders:,} orders, {time.monotonic() - started:.0f} s")
    _finish(tell)
    return (wanted - made) * ORDERS_EACH


def _make_original(stripe: Stripe) -> Organization:
    """The organization that is copied: four events, two hundred orders, some of them refunded."""
    owner = make_person("busy@example.com", "Bea Busy")
    team = make_team(SLUG, NAME, owner, tagline="Something is always on.")
    connect(team, owner, stripe)
    types = (SEAT, SUPPER, FREE)
    events = [
        make_event(Plan(f"Evening {number}", team, owner, 20 + number, types)) for number in range(1, 5)
    ]
    for number in range(ORDERS_EACH):
        buy(events[number % len(events)], CARTS[number % len(CARTS)], 1000 + number, stripe)
    settle_the_books()
    for number in range(0, REFUNDS_EACH * len(CARTS), len(CARTS)):  # seats, which have a price
        order = find_order(events[number % len(events)], 1000 + number)
        if order and order.status == Order.Status.PAID:
            code = order.tickets.values_list("code", flat=True)[:1]
            request_refund(order, actor=owner, reason="One of you can’t come.", tickets=list(code))
    import_movements(find_imports(""))
    return team


def _order_code(number: str, salt: int) -> str:
    return "'M-' || " + code_sql(7, f"{number} + {(salt + 1) * SALT}")


def _find_salt(made: int, wanted: int) -> int:
    """By what the numbers of the copies are moved on, so that none of their codes is an order's that is there."""
    for salt in range(30):
        code = _order_code("n", salt)
        query = (
            "SELECT EXISTS (SELECT FROM generate_series(%s::bigint, %s::bigint) n "  # noqa: S608  our own codes
            f"JOIN ticketing_order taken ON taken.code = {code})"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, [made * ORDERS_EACH, wanted * ORDERS_EACH])
            if not cursor.fetchone()[0]:
                return salt
    raise CommandError("Too many orders: begin with an empty database.")


def _parts(original: Organization, *, salt: int) -> list[Part]:
    """Everything that belongs to the organization, in the order in which rows refer to each other."""
    orders = Order.objects.filter(organization=original, status__in=["paid", "partly_refunded"])
    code = _order_code("{number}", salt)
    sold = [*_sales(orders, code), *_refunds(orders), _mails(orders, code)]
    return [*_seller(original), *sold, *_books(original, orders, code)]


def _seller(original: Organization) -> list[Part]:
    """The organization with its owner, its account at Stripe, and what it puts on sale."""
    return [
        Part(
            User.objects.filter(memberships__organization=original),
            {"email": "replace(t.email, '@', '.' || k || '@')", "password": "'!'"},
        ),
        Part(
            Organization.objects.filter(pk=original.pk),
            {"slug": "t.slug || '-' || k", "name": "t.name || ' ' || k"},
        ),
        Part(Membership.objects.filter(organization=original)),
        Part(
            ConnectedAccount.objects.filter(organization=original),
            {**suffixed("creation_key", "stripe_account_id"), "deauthorized_at": "now()"},
        ),
        Part(
            Event.objects.filter(organization=original),
            {"public_id": "gen_random_uuid()", "slug": "t.slug || '-' || k"},
        ),
        Part(EventListing.objects.filter(event__organization=original)),
        Part(
            TicketType.objects.filter(event__organization=original), {"public_id": code_sql(10, "{number}")}
        ),
    ]


def _sales(orders: QuerySet[Order], code: str) -> list[Part]:
    """The orders with their tickets and payments."""
    owned = {"order__in": orders}
    return [
        Part(
            orders,
            {
                "code": code,
                "key": "replace(gen_random_uuid()::text, '-', '')",
                "email": "replace(t.email, '@', '.' || k || '@')",
            },
        ),
        Part(OrderLine.objects.filter(**owned)),
        Part(Ticket.objects.filter(**owned), {"code": code_sql(10, "{number}")}),
        Part(
            Payment.objects.filter(**owned),
            suffixed(
                "idempotency_key",
                "destination",
                "session_id",
                "payment_intent_id",
                "charge_id",
                "transfer_id",
                "application_fee_id",
                "balance_transaction_id",
            ),
        ),
    ]


def _refunds(orders: QuerySet[Order]) -> list[Part]:
    """What went back, with its transfers and fees."""
    return [
        Part(
            Refund.objects.filter(order__in=orders),
            {
                "code": "'R-' || " + code_sql(7, "{number}"),
                **suffixed("idempotency_key", "stripe_refund_id"),
            },
        ),
        Part(RefundTicket.objects.filter(refund__order__in=orders)),
        Part(
            ApplicationFeeRefund.objects.filter(refund__order__in=orders),
            suffixed("idempotency_key", "stripe_id"),
        ),
        Part(
            TransferReversal.objects.filter(refund__order__in=orders),
            suffixed("idempotency_key", "stripe_id"),
        ),
    ]


def _mails(orders: QuerySet[Order], code: str) -> Part:
    """The mails that brought the tickets, found by the order's code in their key."""
    order = "ticketing_order"
    keys = [f"ticket_confirmation:{one}" for one in orders.values_list("code", flat=True)]
    bought = "(SELECT id FROM ticketing_order WHERE code = split_part(t.key, ':', 2))"
    return Part(
        Message.objects.filter(key__in=keys),
        {
            "key": "'ticket_confirmation:' || " + code.replace("{number}", "{ticketing_order_number}"),
            "to": "replace(t.\"to\", '@', '.' || k || '@')",
            "ids": "jsonb_build_object('order', {ticketing_order})",
            # Nobody is to be sent a million mails, though the worker hasn't sent these few yet.
            "state": "'sent'",
            "lease_until": "NULL",
            "sent_at": "t.created_at - (%(until)s - k) * %(step)s",
        },
        joined={order: bought},
    )


def _books(original: Organization, orders: QuerySet[Order], code: str) -> list[Part]:
    """The organization's accounts and postings, and what was imported of the platform's balance at Stripe for them."""
    postings = LedgerTransaction.objects.filter(
        organization=original, subject__in=[f"order:{one}" for one in orders.values_list("code", flat=True)]
    )
    bought = "(SELECT id FROM ticketing_order WHERE code = substr(t.subject, 7))"
    return [
        Part(
            LedgerAccount.objects.filter(organization=original),
            {"code": "regexp_replace(t.code, '[0-9]+$', {organization_id}::text)"},
        ),
        Part(
            postings,
            {
                **suffixed("source"),
                "subject": "'order:' || " + code.replace("{number}", "{ticketing_order_number}"),
            },
            joined={"ticketing_order": bought},
            left_out=("xact_id",),
        ),
        Part(LedgerEntry.objects.filter(transaction__in=postings)),
        Part(
            BalanceTransaction.objects.filter(account_id="", source_id__in=postings.values("source")),
            {**suffixed(*STRIPE_IDS), "status": "'available'"},
        ),
    ]


def _pay_out_share(number: int) -> None:
    """Post what these copies left on the platform's balance as one payout that has arrived, as Stripe would list it."""
    platform = LedgerAccount.objects.get(code=chart.platform().code, currency="usd")
    with connection.cursor() as cursor:  # what this transaction wrote
        cursor.execute(
            "SELECT COALESCE(sum(entry.amount), 0), max(posted.occurred_at) FROM ledger_ledgertransaction posted "
            "JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id "
            "WHERE posted.xact_id = pg_current_xact_id()::text::bigint AND entry.account_id = %s",
            [platform.pk],
        )
        amount, at = cursor.fetchone()
    payout = PlatformPayout.objects.create(
        stripe_payout_id=f"po_busy{number}",
        amount=amount,
        currency="usd",
        status="paid",
        automatic=True,
        arrival_date=at,
        created_at=at,
        paid_at=at,
    )
    postings.payout_created(payout)
    postings.payout_paid(payout)
    BalanceTransaction.objects.create(
        account_id="",
        books=platform.code,
        stripe_id=f"txn_busy{number}",
        source_id=payout.stripe_payout_id,
        type="payout",
        category="payout",
        status="available",
        amount=-amount,
        fee_amount=0,
        net_amount=-amount,
        currency="usd",
        created_at=at,
        available_at=at,
    )


def _require_superuser() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            raise CommandError(
                "Copying a million orders takes a superuser of PostgreSQL: use one for this database."
            )


def _finish(tell: Tell) -> None:
    """Seal and check the books, and let the planner know how much there is."""
    tell("Sealing the ledger.")
    while LedgerTransaction.objects.filter(seal=None).exists():
        if not seal_transactions(batch=SEALED_AT_ONCE):
            time.sleep(1)  # the worker is sealing
    tell("Counting.")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    call_command("refresh_revenue")
    tell("Verifying the books.")
    found = verify_ledger()
    if found.violations:
        raise CommandError(f"The books don't add up: {found.violations[0]}")
    tell(f"{found.invariants} invariants hold, {found.milliseconds / 1000:.0f} s.")
