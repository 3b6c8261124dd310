"""Payouts that an organizer asks for under the manual schedule: one request is one payout, whatever gets lost."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Organization, User
from accounts.services.audit import record
from connect import gateway
from connect.errors import GatewayRefused
from connect.models import ConnectedAccount
from connect.stripe_objects import Payout
from maly.crash import crash_point
from maly.errors import Invalid
from maly.money import get_currency
from payouts.access import require_account
from payouts.errors import BalanceInsufficient, PayoutScheduleNotManual, PayoutUnderWay
from payouts.models import OrganizerPayout, PayoutRequest
from payouts.services.holding import require_not_held
from payouts.services.payouts import Reading, record_payout
from ticketing.services.receivables import recover_from_organization

# Stripe keeps a key for at least 24 hours; repeated later it might pay out a second time.
KEY_IS_GOOD_FOR = timedelta(hours=23)
# A client repeats what got lost within this time; then the sweep finds out what became of it.
CLIENT_MAY_REPEAT_FOR = timedelta(seconds=60)
Status = PayoutRequest.Status


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody asks for: `amount` in minor units, or None for all that is available."""

    amount: int | None
    currency: str
    actor: User
    request_key: str


def request_payout(
    organization: Organization,
    *,
    amount: int | None = None,
    currency: str,
    actor: User,
    idempotency: tuple[str, str] | None = None,
) -> OrganizerPayout:
    """Pay out `amount` minor units, or all that is available, under the manual schedule.

    The request with its idempotency key is committed before Stripe is called. A repetition under the same
    `idempotency` (caller and Idempotency-Key), or of the same wish while its outcome is unknown, finds the same payout.
    Raises OrganizerNotConnected, PayoutsHeld, PayoutScheduleNotManual, BalanceInsufficient, PayoutUnderWay, Invalid,
    StripeUnavailable.
    """
    if amount is not None and (amount <= 0 or amount % get_currency(currency).step):
        raise Invalid(_("This is no amount that can be paid out in this currency."), attr="amount")
    wish = Wish(amount=amount, currency=currency, actor=actor, request_key=make_request_key(idempotency))
    account = require_account(organization)
    with gateway.answering_people():
        return carry_out(_find_same(account, wish) or _claim_or_find(account, wish))


def make_request_key(idempotency: tuple[str, str] | None) -> str:
    """What is kept of a caller and its Idempotency-Key; empty without one."""
    return hashlib.sha256("\n".join(idempotency).encode()).hexdigest() if idempotency else ""


def write_request(
    account: ConnectedAccount,
    *,
    amount: int,
    currency: str,
    actor: User | None,
    request_key: str = "",
    is_whole_balance: bool = False,
) -> PayoutRequest:
    """Write a request of `amount` minor units with a key of its own, in the caller's transaction."""
    return PayoutRequest.objects.create(
        organization=account.organization,
        connected_account=account,
        requested_by=actor,
        idempotency_key=f"payout-{uuid.uuid4()}",
        request_key=request_key,
        amount=amount,
        is_whole_balance=is_whole_balance,
        currency=currency,
    )


def carry_out(request: PayoutRequest) -> OrganizerPayout:
    """Have a request's payout made at Stripe, or find it, and record it; every repetition finds the same one.

    Raises BalanceInsufficient or GatewayRefused, after which the request is over, and GatewayError.
    """
    if request.payout is not None:
        return request.payout
    asked_at = timezone.now()
    try:
        made = _create_or_find(request)
    except GatewayRefused as error:
        _end(request, Status.REFUSED, refusal=error.message)
        if error.code == "balance_insufficient":
            raise BalanceInsufficient from error
        raise
    if made is None:
        _end(request, Status.NOT_MADE)
        raise GatewayRefused("The payout was never made. Ask for it again.")
    return _record(request, made, asked_at)


def find_out(request: PayoutRequest) -> OrganizerPayout | None:
    """What became of a request that nobody repeated: its payout, or None and the request is over.

    It was answered with an error, so nothing is paid out for it any more. Raises GatewayError.
    """
    asked_at = timezone.now()
    made = _look_up(request)
    if made is None:
        _end(request, Status.NOT_MADE)
        return None
    return _record(request, made, asked_at)


def unanswered_requests(now: datetime) -> list[PayoutRequest]:
    """Requests without an outcome that clients have had time to repeat."""
    stuck = PayoutRequest.objects.filter(
        status=Status.REQUESTED, created_at__lt=now - CLIENT_MAY_REPEAT_FOR
    ).select_related("connected_account", "requested_by", "payout")
    return list(stuck.order_by("created_at")[:50])


def _find_same(account: ConnectedAccount, wish: Wish) -> PayoutRequest | None:
    """The request that this call repeats: by the client's key, or by what is asked while its outcome is unknown."""
    known = PayoutRequest.objects.filter(connected_account=account).select_related(
        "connected_account", "requested_by", "payout"
    )
    if wish.request_key:
        repeated = known.filter(
            request_key=wish.request_key, status__in=(Status.REQUESTED, Status.CREATED)
        ).first()
        if repeated is not None:
            return repeated
    under_way = known.filter(status=Status.REQUESTED, currency=wish.currency).first()
    if under_way is None:
        return None
    asked = None if under_way.is_whole_balance else under_way.amount
    if asked != wish.amount or under_way.requested_by_id != wish.actor.pk:
        raise PayoutUnderWay
    return under_way


def _claim_or_find(account: ConnectedAccount, wish: Wish) -> PayoutRequest:
    """A new request, or the one that the same call claimed meanwhile and whose payout emptied the balance."""
    try:
        return _claim(account, wish)
    except BalanceInsufficient:
        same = _find_same(account, wish)
        if same is None:
            raise
        return same


def _claim(account: ConnectedAccount, wish: Wish) -> PayoutRequest:
    """Commit a new request with every amount that the call will carry."""
    require_not_held(account.organization)
    account_id = str(account.stripe_account_id)
    if gateway.retrieve_account(account_id).payout_schedule.interval != "manual":
        raise PayoutScheduleNotManual
    # What the organizer owes for refunds is taken before anything leaves its balance.
    recover_from_organization(account.organization_id)
    amount = wish.amount
    if amount is None:
        amount = gateway.retrieve_balance(account_id).available.get(wish.currency, 0)
    if amount <= 0:
        raise BalanceInsufficient
    with transaction.atomic():
        ConnectedAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        same = _find_same(account, wish)
        if same is not None:
            return same
        require_not_held(account.organization)  # which may have begun since
        request = write_request(
            account,
            amount=amount,
            currency=wish.currency,
            actor=wish.actor,
            request_key=wish.request_key,
            is_whole_balance=wish.amount is None,
        )
        _audit(request, "payout.requested", actor=wish.actor)
    crash_point("payouts.request_committed")
    return request


def _create_or_find(request: PayoutRequest) -> Payout | None:
    if request.created_at < timezone.now() - KEY_IS_GOOD_FOR:
        return _look_up(request)
    return gateway.create_payout(
        str(request.connected_account.stripe_account_id),
        amount=request.amount,
        currency=request.currency,
        request=request.idempotency_key,
        idempotency_key=request.idempotency_key,
    )


def _look_up(request: PayoutRequest) -> Payout | None:
    payouts = gateway.list_payouts(
        str(request.connected_account.stripe_account_id),
        created_after=request.created_at - timedelta(minutes=5),
    )
    return next((each for each in payouts if each.request == request.idempotency_key), None)


def _record(request: PayoutRequest, made: Payout, asked_at: datetime) -> OrganizerPayout:
    reading = Reading(seen=made, asked_at=asked_at, actor=request.requested_by)
    payout = record_payout(request.connected_account, reading)
    crash_point("payouts.request_recorded")
    return payout


def _end(request: PayoutRequest, status: str, *, refusal: str = "") -> None:
    """Close a request that nothing came of, unless it was found meanwhile; its client's key is free again."""
    with transaction.atomic():
        ended = PayoutRequest.objects.filter(pk=request.pk, status=Status.REQUESTED).update(
            status=status, refusal=refusal, request_key=""
        )
        if ended:
            _audit(request, f"payout.{status}", reason=refusal)


def _audit(request: PayoutRequest, action: str, *, actor: User | None = None, reason: str = "") -> None:
    record(
        action,
        organization=request.organization,
        subject=f"payout-request:{request.pk}",
        actor=actor,
        actor_kind=AuditEntry.Actor.MEMBER if actor else AuditEntry.Actor.SWEEP,
        after={"amount": request.amount, "currency": request.currency},
        reason=reason,
    )
