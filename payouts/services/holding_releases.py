"""Paying held money out: hourly what is due, and at once what staff let go.

A release is written with the key of its payout under the account's lock, after looking at what was released before:
however often a run is begun, killed or doubled, the same money leaves once.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Organization, User
from accounts.services.audit import record
from connect import gateway
from connect.errors import GatewayError, GatewayRefused
from connect.models import ConnectedAccount
from connect.stripe_objects import Balance
from maly.crash import crash_point
from maly.errors import Invalid, MalyError
from maly.money import get_currency
from payouts.errors import BalanceInsufficient, PayoutUnderWay
from payouts.models import OrganizerPayout, PayoutHold, PayoutHoldException, PayoutRelease, PayoutRequest
from payouts.services.holding_plan import read_releasable
from payouts.services.requests import carry_out, make_request_key, write_request
from ticketing.models import Event
from ticketing.services.receivables import recover_from_organization

logger = logging.getLogger(__name__)

# Stripe refuses until the organizer has a bank account that takes payouts; asking every hour wouldn't help.
REFUSED_FOR = timedelta(hours=23)


def release_due(*, now: datetime | None = None) -> int:
    """Pay out what is due of every organization whose payouts are held; returns how many payouts were made."""
    made = 0
    holds = PayoutHold.objects.filter(status=PayoutHold.Status.ON).exclude(connected_account=None)
    for hold_id in holds.order_by("id").values_list("pk", flat=True):
        try:
            made += len(release_held(hold_id, now=now))
        except (GatewayError, MalyError) as error:
            logger.warning("payout_not_released row=%s error=%s", hold_id, type(error).__name__)
    return made


def release_held(hold_id: int, *, now: datetime | None = None) -> list[OrganizerPayout]:
    """Pay out what is due of one organization, one payout for each currency; what it owes is taken first.

    A release whose outcome isn't known is carried out under its own key before another is begun; what Stripe refuses is
    tried again a day later. Raises GatewayError.
    """
    hold = PayoutHold.objects.select_related("organization", "connected_account").get(pk=hold_id)
    account = hold.connected_account
    if hold.status != PayoutHold.Status.ON or account is None or account.deauthorized_at:
        return []
    made = [_carry_out(request) for request in _unanswered(account)]
    recover_from_organization(hold.organization_id)
    held = gateway.retrieve_balance(str(account.stripe_account_id))
    crash_point("payout_release.balance_read")
    for currency in sorted(held.available):
        release = _write_due(hold, account, currency, held, now or timezone.now())
        if release is not None:
            made.append(_carry_out(release.request))
    return [payout for payout in made if payout is not None]


def _carry_out(request: PayoutRequest) -> OrganizerPayout | None:
    """Carry a release out; a refusal ends it, and must not keep those in other currencies."""
    try:
        return carry_out(request)
    except (GatewayRefused, BalanceInsufficient) as error:
        logger.warning("payout_not_released request=%s error=%s", request.pk, type(error).__name__)
        return None


def release_event(event: Event, *, actor: User, reason: str) -> PayoutHoldException:
    """Hold an event's money no longer: it is paid out now, and whatever settles later with the hourly job.

    Raises Invalid for an event whose organizer's payouts aren't held, or that is cancelled.
    """
    if event.status == Event.Status.CANCELLED:
        raise Invalid(_("Its tickets are still to be refunded. Release an amount instead."), attr="event")
    hold = _hold_of(event.organization, attr="event")
    with transaction.atomic():
        exception, is_new = PayoutHoldException.objects.get_or_create(
            event=event, defaults={"reason": reason, "created_by": actor}
        )
        if is_new:
            _audit("payout_hold.event_released", event.organization, f"event:{event.slug}", actor, reason)
    crash_point("payout_release.exception_committed")
    try:
        release_held(hold.pk)
    except (GatewayError, MalyError) as error:
        logger.warning("payout_not_released row=%s error=%s", hold.pk, type(error).__name__)
    return exception


def release_amount(
    organization: Organization,
    *,
    amount: int,
    currency: str,
    actor: User,
    reason: str,
    idempotency: tuple[str, str] | None = None,
) -> OrganizerPayout:
    """Pay out `amount` minor units of held money now; it counts against what is released later.

    The same `idempotency` finds the same payout. Raises Invalid, BalanceInsufficient, PayoutUnderWay,
    StripeUnavailable.
    """
    if amount <= 0 or amount % get_currency(currency).step:
        raise Invalid(_("This is no amount that can be paid out in this currency."), attr="amount")
    hold = _hold_of(organization, attr="organization")
    account = hold.connected_account
    if account is None:
        raise Invalid(_("There is no Stripe account whose payouts are held."), attr="organization")
    key = make_request_key(idempotency)
    with gateway.answering_people():
        known = PayoutRequest.objects.filter(connected_account=account, request_key=key).exclude(
            request_key=""
        )
        request = known.first()
        if request is None:
            recover_from_organization(organization.pk)
            held = gateway.retrieve_balance(str(account.stripe_account_id))
            if amount > held.available.get(currency, 0):
                raise BalanceInsufficient
            with transaction.atomic():
                if _is_under_way(account, currency):
                    raise PayoutUnderWay
                release = _write(hold, account, amount, currency, actor=actor, reason=reason, key=key)
            crash_point("payout_release.committed")
            request = release.request
        return carry_out(request)


def _write_due(
    hold: PayoutHold, account: ConnectedAccount, currency: str, held: Balance, now: datetime
) -> PayoutRelease | None:
    """Commit a release of all that is due in a currency.

    None for nothing, while a payout is being asked for, or for a day after Stripe refused one.
    """
    with transaction.atomic():
        if _is_under_way(account, currency) or _was_refused(hold, currency, now - REFUSED_FOR):
            return None
        amount = read_releasable(hold, currency=currency, held=held, now=now)
        if amount == 0:
            return None
        release = _write(hold, account, amount, currency)
    crash_point("payout_release.committed")
    return release


def _is_under_way(account: ConnectedAccount, currency: str) -> bool:
    """Whether a payout in the currency has no answer yet; the account stays locked until the caller commits."""
    ConnectedAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    asked = PayoutRequest.objects.filter(connected_account=account, currency=currency)
    return asked.filter(status=PayoutRequest.Status.REQUESTED).exists()


def _was_refused(hold: PayoutHold, currency: str, since: datetime) -> bool:
    released = PayoutRelease.objects.filter(organization=hold.organization, currency=currency)
    latest = released.select_related("request").order_by("-id").first()
    if latest is None or latest.request.status != PayoutRequest.Status.REFUSED:
        return False
    return latest.created_at > since


def _write(
    hold: PayoutHold,
    account: ConnectedAccount,
    amount: int,
    currency: str,
    *,
    actor: User | None = None,
    reason: str = "",
    key: str = "",
) -> PayoutRelease:
    request = write_request(account, amount=amount, currency=currency, actor=actor, request_key=key)
    after = {"amount": amount, "currency": currency}
    subject = f"payout-request:{request.pk}"
    _audit("payout_hold.released", hold.organization, subject, actor, reason, after)
    return PayoutRelease.objects.create(
        organization=hold.organization,
        currency=currency,
        amount=amount,
        request=request,
        reason=reason,
        created_by=actor,
    )


def _unanswered(account: ConnectedAccount) -> list[PayoutRequest]:
    asked = PayoutRequest.objects.filter(connected_account=account, release__isnull=False)
    return list(
        asked.filter(status=PayoutRequest.Status.REQUESTED).select_related(
            "connected_account", "requested_by", "payout"
        )
    )


def _hold_of(organization: Organization, *, attr: str) -> PayoutHold:
    hold = PayoutHold.objects.filter(organization=organization, status=PayoutHold.Status.ON)
    found = hold.select_related("organization", "connected_account").first()
    if found is None:
        raise Invalid(_("Payouts of this organization aren't held."), attr=attr)
    return found


def _audit(
    action: str,
    organization: Organization,
    subject: str,
    actor: User | None,
    reason: str,
    after: dict[str, object] | None = None,
) -> None:
    record(
        action,
        organization=organization,
        subject=subject,
        actor=actor,
        actor_kind=AuditEntry.Actor.STAFF if actor else AuditEntry.Actor.SWEEP,
        after=after,
        reason=reason,
    )
