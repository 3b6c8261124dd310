"""What pages, APIs and the apps above read of connect: terms in force, accounts, payment settings, events."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization
from connect.errors import CurrencyNotSupported
from connect.models import (
    AccountState,
    ConnectedAccount,
    FeeAbsorption,
    FeeOverride,
    FeePlan,
    FeeTerms,
    PaymentSettings,
    PlanAssignment,
    StripeEvent,
)
from connect.services.fees import FeeTermsInForce
from connect.stripe_objects import moment
from maly.money import CURRENCIES


def get_terms(organization: Organization, currency: str, at: datetime | None = None) -> FeeTermsInForce:
    """The fee terms of an organization in a currency at a moment (default now), in one statement.

    The newest plan assignment counts, else the default plan of the organization's kind; the newest override
    replaces the plan's rates. Raises CurrencyNotSupported when the plan has no terms in the currency.
    """
    at = at or timezone.now()
    terms = _find_terms(organization, currency, at) if currency in CURRENCIES else None
    if terms is None:
        raise CurrencyNotSupported(
            _("Tickets can't be sold in %(upper)s on this plan.") % {"upper": currency.upper()},
            attr="currency",
        )
    return _in_force(terms)


def get_terms_of_many(
    wanted: Iterable[tuple[Organization, str]], at: datetime | None = None
) -> dict[tuple[int, str], FeeTermsInForce]:
    """As `get_terms` for many organizations and currencies, by (organization id, currency), in three statements.

    What has no terms is left out.
    """
    begun = Q(effective_from__lte=at or timezone.now())
    pairs = {(organization.pk, currency): organization for organization, currency in wanted}
    ours = Q(organization__in=[organization_id for organization_id, _currency in pairs])
    newest = ("-effective_from", "-id")
    assigned = dict(
        PlanAssignment.objects.filter(begun, ours)
        .order_by("organization", *newest)
        .distinct("organization")
        .values_list("organization", "plan")
    )
    overrides = FeeOverride.objects.filter(begun, ours).order_by("organization", "currency", *newest)
    override_of = {(o.organization_id, o.currency): o for o in overrides.distinct("organization", "currency")}
    plans = FeeTerms.objects.filter(begun, currency__in={currency for _id, currency in pairs})
    rows = list(
        plans.order_by("plan", "currency", *newest).distinct("plan", "currency").select_related("plan")
    )
    found = {}
    for (organization_id, currency), organization in pairs.items():
        plan_id = assigned.get(organization_id)
        for terms in rows:
            is_plan = terms.plan_id == plan_id if plan_id else terms.plan.is_default_for == organization.kind
            if is_plan and terms.currency == currency:
                override = override_of.get((organization_id, currency))
                terms.override_percent = override.percent if override else None  # type: ignore[attr-defined]
                terms.override_fixed_amount = override.fixed_amount if override else None  # type: ignore[attr-defined]
                terms.override_from = override.effective_from if override else None  # type: ignore[attr-defined]
                found[organization_id, currency] = _in_force(terms)
    return found


def terms_of_plan(terms: FeeTerms) -> FeeTermsInForce:
    """A plan's own terms in the shape of the calculator."""
    return FeeTermsInForce(
        plan_code=terms.plan.code,
        currency=terms.currency,
        percent=terms.percent,
        fixed_amount=terms.fixed_amount,
        rounding=terms.rounding,
        processing_paid_by=terms.processing_paid_by,
        processing_percent=terms.processing_percent,
        processing_fixed_amount=terms.processing_fixed_amount,
        refunds_platform_fee=terms.refunds_platform_fee,
        effective_from=terms.effective_from,
    )


def get_plan_terms(
    plan: FeePlan, currency: str, *, organization: Organization | None = None
) -> FeeTermsInForce | None:
    """What a plan asks for in a currency now, with the organization's own rate if it has one; None: it can't sell.

    Of an organization it says what would count if it were on this plan.
    """
    now = timezone.now()
    terms = plan.terms.filter(currency=currency, effective_from__lte=now).first()
    if terms is None:
        return None
    terms.plan = plan
    found = terms_of_plan(terms)
    begun = FeeOverride.objects.filter(organization=organization, currency=currency, effective_from__lte=now)
    override = begun.first() if organization else None
    if override is None or override.percent is None or override.fixed_amount is None:
        return found
    return replace(found, percent=override.percent, fixed_amount=override.fixed_amount, is_override=True)


def plan_currencies(plan: FeePlan) -> list[str]:
    """The currencies that a plan can sell in, now or soon; dollars first."""
    found = plan.terms.order_by("currency").values_list("currency", flat=True).distinct()
    return sorted(found, key=lambda currency: (currency != "usd", currency))


def has_override(organization: Organization, currency: str) -> bool:
    """Whether an override counts now, or one has been set for later."""
    now = timezone.now()
    if overrides_ahead(organization, currency, now):
        return True
    begun = FeeOverride.objects.filter(organization=organization, currency=currency, effective_from__lte=now)
    newest = begun.first()
    return newest is not None and newest.percent is not None


def overrides_ahead(organization: Organization, currency: str, now: datetime) -> list[datetime]:
    """The moments at which an override is yet to begin; at each the row that was added last counts."""
    ahead = FeeOverride.objects.filter(organization=organization, currency=currency, effective_from__gt=now)
    last = ahead.order_by("effective_from", "-pk").distinct("effective_from")
    return [override.effective_from for override in last if override.percent is not None]


def get_plan(organization: Organization) -> FeePlan:
    """The plan that an organization is on now."""
    assignment = (
        PlanAssignment.objects.filter(organization=organization, effective_from__lte=timezone.now())
        .select_related("plan")
        .first()
    )
    return assignment.plan if assignment else FeePlan.objects.get(is_default_for=organization.kind)


def get_current_account(organization: Organization) -> ConnectedAccount | None:
    """The account that new orders of the organization are paid to, in whatever state it is."""
    return ConnectedAccount.objects.filter(organization=organization, is_current=True).first()


def default_absorption(organization: Organization) -> str:
    """Who bears the fees on the organization's new events."""
    chosen = PaymentSettings.objects.filter(organization=organization).values_list(
        "fee_absorption", flat=True
    )
    return chosen.first() or FeeAbsorption.ABSORB.value


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What Stripe still asks of an account, in its codes; `connect.requirements` has the words."""

    currently_due: list[str]
    eventually_due: list[str]
    past_due: list[str]
    disabled_reason: str | None
    current_deadline: datetime | None


@dataclass(frozen=True, kw_only=True)
class PaymentStatus:
    """How an organization stands with Stripe; of an account that is detached nothing is told."""

    state: AccountState
    is_connected: bool
    account_id: str | None
    charges_enabled: bool
    payouts_enabled: bool
    details_submitted: bool
    verified: bool
    requirements: Requirements


def payment_status(organization: Organization) -> PaymentStatus:
    """How an organization stands with Stripe, as far as Stripe has told; one statement."""
    return status_of(get_current_account(organization))


def status_of(account: ConnectedAccount | None) -> PaymentStatus:
    """As payment_status, of an account at hand (None: never connected)."""
    state = account.state if account else AccountState.NOT_CONNECTED
    is_connected = state not in (AccountState.NOT_CONNECTED, AccountState.DISCONNECTED)
    known = account if is_connected and account else ConnectedAccount()
    due = known.requirements
    deadline = due.get("current_deadline")
    return PaymentStatus(
        state=state,
        is_connected=is_connected,
        account_id=known.masked_id,
        charges_enabled=known.charges_enabled,
        payouts_enabled=known.payouts_enabled,
        details_submitted=known.details_submitted,
        verified=known.is_verified,
        requirements=Requirements(
            currently_due=due.get("currently_due") or [],
            eventually_due=due.get("eventually_due") or [],
            past_due=due.get("past_due") or [],
            disabled_reason=due.get("disabled_reason"),
            current_deadline=moment(deadline) if deadline else None,
        ),
    )


def plan_codes(organization: str) -> Coalesce:
    """The plan code of each row's organization (`organization` is the way to it), to annotate a query with."""
    begun = PlanAssignment.objects.filter(
        organization=OuterRef(organization), effective_from__lte=timezone.now()
    )
    default = FeePlan.objects.filter(is_default_for=OuterRef(f"{organization}__kind"))
    return Coalesce(Subquery(begun.values("plan__code")[:1]), Subquery(default.values("code")[:1]))


def last_event_received(endpoint: str) -> datetime | None:
    """When Stripe last delivered something to an endpoint."""
    times = StripeEvent.objects.filter(endpoint=endpoint).order_by("-pk")  # `received_at` has no index
    return times.values_list("received_at", flat=True).first()


# One statement, written out: building it from query sets takes longer than running it, on every page and order.
TERMS = """
SELECT terms.*, plan.code AS plan_code, override.percent AS override_percent,
    override.fixed_amount AS override_fixed_amount, override.effective_from AS override_from
FROM connect_feeterms terms
JOIN connect_feeplan plan ON plan.id = terms.plan_id
LEFT JOIN LATERAL (
    SELECT percent, fixed_amount, effective_from FROM connect_feeoverride
    WHERE organization_id = %(organization)s AND currency = %(currency)s AND effective_from <= %(at)s
    ORDER BY effective_from DESC, id DESC LIMIT 1
) override ON true
WHERE terms.currency = %(currency)s AND terms.effective_from <= %(at)s AND terms.plan_id = coalesce(
    (SELECT plan_id FROM connect_planassignment WHERE organization_id = %(organization)s AND effective_from <= %(at)s
     ORDER BY effective_from DESC, id DESC LIMIT 1),
    (SELECT id FROM connect_feeplan WHERE is_default_for = %(kind)s))
ORDER BY terms.effective_from DESC, terms.id DESC LIMIT 1
"""


def _find_terms(organization: Organization, currency: str, at: datetime) -> FeeTerms | None:
    values = {"organization": organization.pk, "currency": currency, "at": at, "kind": organization.kind}
    for terms in FeeTerms.objects.raw(TERMS, values):
        terms.plan = FeePlan(pk=terms.plan_id, code=terms.plan_code)  # type: ignore[attr-defined]
        return terms
    return None


def _in_force(terms: FeeTerms) -> FeeTermsInForce:
    """Plan terms and the annotated override (percent null: none, or returned to the plan) made one."""
    plan_terms = terms_of_plan(terms)
    percent: Decimal | None = terms.override_percent  # type: ignore[attr-defined]
    override_from: datetime | None = terms.override_from  # type: ignore[attr-defined]
    if percent is None:
        since = max(plan_terms.effective_from, override_from or plan_terms.effective_from)
        return replace(plan_terms, effective_from=since)
    return replace(
        plan_terms,
        percent=percent,
        fixed_amount=terms.override_fixed_amount,  # type: ignore[attr-defined]
        effective_from=override_from or plan_terms.effective_from,
        is_override=True,
    )
