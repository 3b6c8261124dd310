"""Who pays which fees from when: overrides, plan terms and plan assignments. Rows are added, never edited."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Organization, User
from accounts.services.audit import record
from connect.models import FeeAbsorption, FeeOverride, FeePlan, FeeTerms, PaymentSettings, PlanAssignment
from connect.selectors import default_absorption, get_plan, get_terms, overrides_ahead
from connect.services.fees import FeeTermsInForce, rate_text
from maly.errors import Invalid
from maly.money import CURRENCIES, get_currency

LARGEST_FIXED_AMOUNT = 1_000_000
# What makes a plan's terms what they are.
PLAN_RATE = ("percent", "fixed_amount", "processing_paid_by", "refunds_platform_fee")


def set_override(
    organization: Organization,
    *,
    percent: Decimal,
    fixed_amount: int,
    currency: str = "usd",
    effective_from: datetime | None = None,
    actor: User,
    reason: str,
) -> FeeOverride:
    """Give one organization its own rate (percent of a ticket's price + minor units) from a moment on.

    The same rate again is the override that is there. Raises Invalid for a rate, moment or reason that can't be.
    """
    check_rate(percent, fixed_amount, currency)
    reason, starts_at = _check_reason(reason), check_start(effective_from)
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=organization.pk)
        before = get_terms(organization, currency)
        same = _same_override(organization, currency, starts_at, percent, fixed_amount)
        if same is not None:
            return same
        override = FeeOverride.objects.create(
            organization=organization,
            currency=currency,
            percent=percent,
            fixed_amount=fixed_amount,
            effective_from=starts_at,
            created_by=actor,
            reason=reason,
        )
        _audit("fees.override_set", organization, actor, reason, before=_rate(before), after=_rate(override))
    return override


def remove_override(
    organization: Organization, *, currency: str = "usd", actor: User, reason: str
) -> FeeOverride | None:
    """Return an organization to its plan's rate now, calling off overrides that haven't begun.

    Returns the row that did it, or None when there was nothing to remove. Raises Invalid without a reason.
    """
    reason = _check_reason(reason)
    now = timezone.now()
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=organization.pk)
        before = get_terms(organization, currency, now)
        moments = overrides_ahead(organization, currency, now)
        if before.is_override:
            moments.append(now)
        if not moments:
            return None
        removals = [
            FeeOverride(
                organization=organization,
                currency=currency,
                effective_from=at,
                created_by=actor,
                reason=reason,
            )
            for at in sorted(moments)
        ]
        FeeOverride.objects.bulk_create(removals)
        after = get_terms(organization, currency, now)
        _audit("fees.override_removed", organization, actor, reason, before=_rate(before), after=_rate(after))
    return removals[0]


def set_plan_terms(
    plan: FeePlan,
    *,
    currency: str,
    percent: Decimal,
    fixed_amount: int,
    processing_paid_by: str | None = None,
    refunds_platform_fee: bool | None = None,
    effective_from: datetime | None = None,
    actor: User,
    reason: str,
) -> FeeTerms:
    """Change a plan's terms in a currency from a moment on; what isn't given stays as it was.

    A currency that is new to the plan takes the other terms from the plan's dollars. The same terms again are those
    that are there. Raises Invalid.
    """
    check_rate(percent, fixed_amount, currency)
    reason, starts_at = _check_reason(reason), check_start(effective_from)
    if processing_paid_by is not None and processing_paid_by not in FeeTerms.ProcessingPaidBy.values:
        raise Invalid(_("Processing is paid by the platform or the sale."), attr="processing_paid_by")
    with transaction.atomic():
        FeePlan.objects.select_for_update().get(pk=plan.pk)
        former = _former_terms(plan, currency)
        terms = FeeTerms(
            plan=plan,
            currency=currency,
            percent=percent,
            fixed_amount=fixed_amount,
            rounding=former.rounding,
            processing_paid_by=processing_paid_by or former.processing_paid_by,
            processing_percent=former.processing_percent,
            processing_fixed_amount=former.processing_fixed_amount,
            refunds_platform_fee=_given(refunds_platform_fee, former.refunds_platform_fee),
            effective_from=starts_at,
            created_by=actor,
            reason=reason,
        )
        same = _same_terms(terms)
        if same is not None:
            return same
        terms.save()
        before, after = _plan_rate(former), _plan_rate(terms)
        _audit(
            "fees.plan_terms_set",
            None,
            actor,
            reason,
            before=before,
            after=after,
            subject=f"plan:{plan.code}",
        )
    return terms


def assign_plan(
    organization: Organization, *, plan: FeePlan, actor: User, reason: str
) -> PlanAssignment | None:
    """Put an organization on a plan from now on; None when it is on it already. Raises Invalid without a reason."""
    reason = _check_reason(reason)
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=organization.pk)
        former = get_plan(organization)
        if former == plan:
            return None
        assignment = PlanAssignment.objects.create(
            organization=organization, plan=plan, created_by=actor, reason=reason
        )
        before: dict[str, object] = {"plan": former.code}
        _audit("fees.plan_assigned", organization, actor, reason, before=before, after={"plan": plan.code})
    return assignment


def set_fee_absorption(organization: Organization, *, fee_absorption: str, actor: User) -> PaymentSettings:
    """Choose who bears the fees on the organization's new events; orders keep what they froze. Raises Invalid."""
    if fee_absorption not in FeeAbsorption.values:
        raise Invalid(_("Choose absorb or pass_to_buyer."), attr="fee_absorption")
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=organization.pk)
        former = default_absorption(organization)
        settings, _made = PaymentSettings.objects.update_or_create(
            organization=organization, defaults={"fee_absorption": fee_absorption}
        )
        if former != fee_absorption:
            record(
                "fees.absorption_set",
                organization=organization,
                actor=actor,
                before={"fee_absorption": former},
                after={"fee_absorption": fee_absorption},
            )
    return settings


def check_rate(percent: Decimal, fixed_amount: int, currency: str) -> None:
    """Raise Invalid unless this is a rate that a plan or an override may have (amount in minor units)."""
    if currency not in CURRENCIES:
        raise Invalid(_("This currency isn't known."), attr="currency")
    if not percent.is_finite() or not 0 <= percent <= 100 or percent != round(percent, 3):
        raise Invalid(
            _("The percentage must be between 0 and 100, with three decimals at most."), attr="percent"
        )
    if not 0 <= fixed_amount <= LARGEST_FIXED_AMOUNT or fixed_amount % get_currency(currency).step:
        raise Invalid(
            _("The fixed fee must be an amount of this currency, in minor units."), attr="fixed_amount"
        )


def _check_reason(reason: str) -> str:
    if not reason.strip():
        raise Invalid(_("Say why: the reason is kept with the change."), attr="reason")
    return reason.strip()


def check_start(effective_from: datetime | None) -> datetime:
    """When terms begin: now or later, since what was sold was sold on the terms of its time. Raises Invalid."""
    now = timezone.now()
    if effective_from is not None and effective_from.date() < now.date():
        raise Invalid(_("New terms can't begin in the past."), attr="effective_from")
    return max(now, effective_from or now)


def _same_override(
    organization: Organization, currency: str, at: datetime, percent: Decimal, fixed_amount: int
) -> FeeOverride | None:
    """The override that counts at a moment, if it is this very rate and, for one to come, begins at that moment."""
    known = FeeOverride.objects.filter(organization=organization, currency=currency, effective_from__lte=at)
    newest = known.first()
    is_same = newest is not None and (newest.percent, newest.fixed_amount) == (percent, fixed_amount)
    is_ahead = at > timezone.now()
    return newest if newest and is_same and (not is_ahead or newest.effective_from == at) else None


def _same_terms(wanted: FeeTerms) -> FeeTerms | None:
    """The plan's terms that count at the moment that `wanted` begins, if they say the very same; as for overrides."""
    known = FeeTerms.objects.filter(plan=wanted.plan, currency=wanted.currency)
    newest = known.filter(effective_from__lte=wanted.effective_from).first()
    if newest is None or any(getattr(newest, name) != getattr(wanted, name) for name in PLAN_RATE):
        return None
    is_ahead = wanted.effective_from > timezone.now()
    return newest if not is_ahead or newest.effective_from == wanted.effective_from else None


def _former_terms(plan: FeePlan, currency: str) -> FeeTerms:
    begun = plan.terms.filter(effective_from__lte=timezone.now())
    former = begun.filter(currency=currency).first() or begun.filter(currency="usd").first()
    if former is None:
        raise Invalid(_("This plan has no terms to start from."), attr="plan")
    return former


def _given(value: bool | None, default: bool) -> bool:
    return default if value is None else value


def _rate(terms: FeeTermsInForce | FeeOverride) -> dict[str, object]:
    """A rate as the audit log keeps it."""
    return {
        "currency": terms.currency,
        "percent": rate_text(terms.percent or Decimal(0)),
        "fixed_amount": terms.fixed_amount,
        "effective_from": terms.effective_from.isoformat(),
        "is_override": getattr(terms, "is_override", True),
    }


def _plan_rate(terms: FeeTerms) -> dict[str, object]:
    return {
        "currency": terms.currency,
        "percent": rate_text(terms.percent),
        "fixed_amount": terms.fixed_amount,
        "processing_paid_by": str(terms.processing_paid_by),
        "refunds_platform_fee": terms.refunds_platform_fee,
        "effective_from": terms.effective_from.isoformat(),
    }


def _audit(
    action: str,
    organization: Organization | None,
    actor: User,
    reason: str,
    *,
    before: dict[str, object],
    after: dict[str, object],
    subject: str = "",
) -> None:
    record(
        action,
        organization=organization,
        subject=subject,
        actor=actor,
        actor_kind=AuditEntry.Actor.STAFF,
        before=before,
        after=after,
        reason=reason,
    )
