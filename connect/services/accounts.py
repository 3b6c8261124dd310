"""Connected accounts: opening one at Stripe, links into Stripe's pages, following its state, detaching it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Membership, Organization, Role, User
from accounts.services.audit import record
from connect import gateway
from connect.errors import (
    AlreadyConnected,
    CountryNotSupported,
    GatewayRefused,
    NotYetKnown,
    OnboardingIncomplete,
    OrganizerNotConnected,
)
from connect.models import AccountState, ConnectedAccount
from connect.selectors import get_current_account
from connect.services.account_news import tell_of_state
from connect.stripe_objects import Account, AccountLink
from maly.codes import make_key
from maly.crash import crash_point
from maly.errors import Invalid
from maly.poke import poke

# Stripe keeps a key for at least 24 hours; an older one might open a second account.
KEY_IS_GOOD_FOR = timedelta(hours=23)
COPIED = (
    "charges_enabled",
    "payouts_enabled",
    "details_submitted",
    "card_payments_status",
    "transfers_status",
    "requirements",
)
GONE = (403, 404)  # what Stripe answers about an account that was closed or isn't the platform's


def start_onboarding(
    organization: Organization, *, actor: User, country: str = "US"
) -> tuple[ConnectedAccount, AccountLink]:
    """Open the organization's Stripe account (or attach the kept one again) and a link to its onboarding.

    The intent row with its idempotency key is committed before Stripe is called; repeating the call after an unknown
    outcome finds the same account. Raises CountryNotSupported, AlreadyConnected, StripeUnavailable.
    """
    if country not in settings.STRIPE_COUNTRIES:
        raise CountryNotSupported(attr="country")
    account = _claim_account(organization, country=country)
    with gateway.answering_people():
        if account.stripe_account_id and not _attach_again(account, actor=actor):
            account = _claim_account(organization, country=country)
        if account.stripe_account_id is None:
            account = create_at_stripe(account, actor=actor)
        account.refresh_from_db()
        return account, _make_link(account)


def create_at_stripe(account: ConnectedAccount, *, actor: User | None = None) -> ConnectedAccount:
    """Make (or find) the account of an intent row under its key and record it; every repetition finds the same one.

    A refusal ends the attempt: the next one is a new row. Raises GatewayError.
    """
    try:
        made = _open_or_find(account)
    except GatewayRefused:
        _give_up(account)
        raise
    if made is None:
        _give_up(account)
        raise GatewayRefused("The account was never opened. Start again.")
    return _record_account(account, made, actor=actor)


def create_onboarding_link(organization: Organization, *, actor: User) -> AccountLink:
    """A new single-use link to Stripe's onboarding. Raises OrganizerNotConnected, StripeUnavailable."""
    account = _require_account(organization)
    with gateway.answering_people():
        link = _make_link(account)
    with transaction.atomic():
        record("connect.link_created", organization=organization, subject=_subject(account), actor=actor)
    return link


def create_dashboard_link(organization: Organization, *, actor: User) -> str:
    """A one-time address of the organization's Express dashboard.

    Raises OrganizerNotConnected, OnboardingIncomplete before the details are submitted, StripeUnavailable.
    """
    account = _require_account(organization)
    if not account.details_submitted:
        raise OnboardingIncomplete
    with gateway.answering_people():
        url = gateway.create_login_link(str(account.stripe_account_id))
    with transaction.atomic():
        record("connect.dashboard_opened", organization=organization, subject=_subject(account), actor=actor)
    return url


def sync_account(
    stripe_account_id: str, *, actor_kind: str = AuditEntry.Actor.SWEEP, actor: User | None = None
) -> ConnectedAccount:
    """Bring our row to what Stripe says now, in both directions; what was read earlier never overwrites.

    Raises NotYetKnown for an account that is not (yet) ours, GatewayError.
    """
    if not ConnectedAccount.objects.filter(stripe_account_id=stripe_account_id).exists():
        raise NotYetKnown("This account isn't known here.")
    asked_at = timezone.now()
    seen = gateway.retrieve_account(stripe_account_id)
    with transaction.atomic():
        account = ConnectedAccount.objects.select_for_update().get(stripe_account_id=stripe_account_id)
        if account.synced_at is None or account.synced_at <= asked_at:
            _converge(account, seen, asked_at=asked_at, actor_kind=actor_kind, actor=actor)
            _poke_mirror(account)
    return account


def read_account(account: ConnectedAccount, *, actor: User) -> ConnectedAccount:
    """As sync_account, for a person who waits. Raises StripeUnavailable."""
    with gateway.answering_people():
        kind = AuditEntry.Actor.MEMBER
        return sync_account(str(account.stripe_account_id), actor_kind=kind, actor=actor)


def deauthorize_account(stripe_account_id: str, *, at: datetime) -> ConnectedAccount:
    """Record that the organizer closed the account at `at`: it can't be read any more, and sales stop.

    An event from before the account was last attached changes nothing. Raises NotYetKnown.
    """
    with transaction.atomic():
        account = (
            ConnectedAccount.objects.select_for_update(of=("self",))
            .select_related("organization")
            .filter(stripe_account_id=stripe_account_id)
            .first()
        )
        if account is None:
            raise NotYetKnown("This account isn't known here.")
        # Stripe's times are whole seconds.
        if account.deauthorized_at or at < account.attached_at.replace(microsecond=0):
            return account
        before = _facts(account)
        account.deauthorized_at = at
        account.save(update_fields=["deauthorized_at"])
        _audit(account, "connect.deauthorized", before, actor_kind=AuditEntry.Actor.WEBHOOK)
    return account


def disconnect(organization: Organization, *, actor: User, confirm: str) -> ConnectedAccount:
    """Detach the account: sales stop; past orders, refunds and payouts go on. Detached already: nothing changes.

    Raises Invalid unless `confirm` is the organization's slug, OrganizerNotConnected when there is no account.
    """
    if confirm.strip() != organization.slug:
        raise Invalid(_("Type %(slug)s to confirm.") % {"slug": organization.slug}, attr="confirm")
    with transaction.atomic():
        account = (
            ConnectedAccount.objects.select_for_update()
            .filter(organization=organization, is_current=True, stripe_account_id__isnull=False)
            .first()
        )
        if account is None:
            raise OrganizerNotConnected
        if account.state == AccountState.DISCONNECTED:
            return account
        before = _facts(account)
        account.detached_at = timezone.now()
        account.save(update_fields=["detached_at"])
        _audit(account, "connect.disconnected", before, actor=actor)
    return account


def _claim_account(organization: Organization, *, country: str) -> ConnectedAccount:
    """The row to go on with: a detached account, an attempt under way, or a new attempt."""
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=organization.pk)
        account = get_current_account(organization)
        if account is not None:
            if account.state not in (AccountState.NOT_CONNECTED, AccountState.DISCONNECTED):
                raise AlreadyConnected
            return account
        key = f"account-{make_key()}"
        account = ConnectedAccount.objects.create(
            organization=organization,
            creation_key=key,
            country=country,
            creation_parameters={
                "organization_slug": organization.slug,
                "name": organization.name,
                "email": _owner_email(organization),
                "country": country,
            },
        )
    crash_point("connect.account_intent_committed")
    return account


def _open_or_find(account: ConnectedAccount) -> Account | None:
    if account.created_at > timezone.now() - KEY_IS_GOOD_FOR:
        key = account.creation_key
        return gateway.create_account(**account.creation_parameters, idempotency_key=key)
    return gateway.find_account(account.creation_key, created_after=account.created_at - timedelta(minutes=5))


def _record_account(account: ConnectedAccount, made: Account, *, actor: User | None) -> ConnectedAccount:
    with transaction.atomic():
        account = (
            ConnectedAccount.objects.select_for_update(of=("self",))
            .select_related("organization")
            .get(pk=account.pk)
        )
        if account.stripe_account_id is None:
            account.stripe_account_id = made.id
            account.save(update_fields=["stripe_account_id"])
            _converge(account, made, asked_at=timezone.now(), quietly=True)
            _audit(account, "connect.account_created", {}, actor=actor)
            _poke_mirror(account)
    crash_point("connect.account_recorded")
    return account


def _give_up(account: ConnectedAccount) -> None:
    ConnectedAccount.objects.filter(pk=account.pk, stripe_account_id=None).update(is_current=False)


def _attach_again(account: ConnectedAccount, *, actor: User) -> bool:
    """Attach a detached account again if Stripe still knows it; else it stops being the current one."""
    asked_at = timezone.now()
    try:
        seen = gateway.retrieve_account(str(account.stripe_account_id))
    except GatewayRefused as error:
        if error.status not in GONE:
            raise
        ConnectedAccount.objects.filter(pk=account.pk).update(is_current=False)
        return False
    with transaction.atomic():
        locked = ConnectedAccount.objects.select_for_update().get(pk=account.pk)
        if locked.state == AccountState.DISCONNECTED:
            before = _facts(locked)
            locked.detached_at = locked.deauthorized_at = None
            locked.attached_at = asked_at
            locked.save(update_fields=["detached_at", "deauthorized_at", "attached_at"])
            _converge(locked, seen, asked_at=asked_at, quietly=True)
            _audit(locked, "connect.reconnected", before, actor=actor)
            _poke_mirror(locked)
    return True


def _converge(
    account: ConnectedAccount,
    seen: Account,
    *,
    asked_at: datetime,
    actor_kind: str | None = None,
    actor: User | None = None,
    quietly: bool = False,
) -> None:
    """Copy what Stripe says onto the locked row; audited and told when it has changed what people would notice."""
    before, was_verified, state = _facts(account), account.is_verified, account.state
    for name in COPIED:
        setattr(account, name, getattr(seen, name))
    if account.is_verified and not was_verified:
        account.verified_at = asked_at
    if account.details_submitted and account.onboarding_completed_at is None:
        account.onboarding_completed_at = asked_at
    account.synced_at = asked_at
    account.save(update_fields=[*COPIED, "verified_at", "onboarding_completed_at", "synced_at"])
    if not quietly and before != _facts(account):
        _audit(account, "connect.account_changed", before, actor_kind=actor_kind, actor=actor)
        tell_of_state(account, before=state, at=asked_at)


def _make_link(account: ConnectedAccount) -> AccountLink:
    back = urlencode({"organization": account.organization.slug})
    return gateway.create_account_link(
        str(account.stripe_account_id),
        refresh_url=f"{settings.SITE_URL}{reverse('dashboard:payments-refresh')}?{back}",
        return_url=f"{settings.SITE_URL}{reverse('dashboard:payments-return')}?{back}",
    )


def _require_account(organization: Organization) -> ConnectedAccount:
    account = get_current_account(organization)
    if account is None or account.state in (AccountState.NOT_CONNECTED, AccountState.DISCONNECTED):
        raise OrganizerNotConnected
    return account


def _owner_email(organization: Organization) -> str:
    owners = Membership.objects.filter(organization=organization, role=Role.OWNER).order_by(
        "created_at", "pk"
    )
    return owners.values_list("user__email", flat=True).first() or organization.contact_email


def _facts(account: ConnectedAccount) -> dict[str, object]:
    """What the audit log keeps of an account."""
    due = account.requirements or {}
    return {
        "state": str(account.state),
        "charges_enabled": account.charges_enabled,
        "payouts_enabled": account.payouts_enabled,
        "transfers": account.transfers_status,
        "disabled_reason": due.get("disabled_reason"),
        "due": len(due.get("currently_due") or []) + len(due.get("past_due") or []),
    }


def _subject(account: ConnectedAccount) -> str:
    return f"account:{account.masked_id}"


def _audit(
    account: ConnectedAccount,
    action: str,
    before: dict[str, object],
    *,
    actor: User | None = None,
    actor_kind: str | None = None,
) -> None:
    record(
        action,
        organization=account.organization,
        subject=_subject(account),
        actor=actor,
        actor_kind=AuditEntry.Actor.MEMBER if actor else actor_kind,
        before=before,
        after=_facts(account),
    )


def _poke_mirror(account: ConnectedAccount) -> None:
    from connect.tasks import mirror_account  # services queue tasks, tasks call services

    poke(mirror_account, account.stripe_account_id)
