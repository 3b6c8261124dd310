"""Fee terms in force: plans, overrides, assignments, and what changes leave behind."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import AuditEntry, Organization
from accounts.services.organizations import personal_organization
from accounts.tests.factories import OrganizationFactory
from connect.errors import CurrencyNotSupported
from connect.models import FeeOverride, FeePlan, FeeTerms, PlanAssignment
from connect.selectors import default_absorption, get_plan, get_terms, has_override
from connect.services import terms
from maly.errors import Invalid
from maly.money import CURRENCIES

pytestmark = pytest.mark.django_db


def test_a_team_starts_on_the_organization_plan_with_the_terms_of_the_environment(organization):
    in_force = get_terms(organization, "usd")
    assert in_force.plan_code == "organization"
    assert (in_force.percent, in_force.fixed_amount) == (
        settings.PLATFORM_FEE_PERCENT,
        settings.PLATFORM_FEE_FIXED_CENTS,
    )
    assert in_force.rounding == "per_ticket"
    assert in_force.recovers_processing
    assert in_force.refunds_platform_fee
    assert not in_force.is_override


def test_a_single_host_starts_on_the_host_plan(buyer):
    in_force = get_terms(personal_organization(buyer), "usd")
    assert (in_force.plan_code, in_force.percent, in_force.fixed_amount) == ("host", 3, 0)
    assert in_force.rounding == "per_order"
    assert not in_force.recovers_processing
    assert not in_force.refunds_platform_fee


@pytest.mark.parametrize("currency", CURRENCIES)
def test_both_plans_ship_with_terms_in_every_currency(organization, buyer, currency):
    for seller in (organization, personal_organization(buyer)):
        in_force = get_terms(seller, currency)
        assert in_force.fixed_amount % CURRENCIES[currency].step == 0


def test_terms_in_force_are_one_statement(organization, staff, django_assert_num_queries):
    terms.set_override(organization, percent=Decimal("3.5"), fixed_amount=50, actor=staff, reason="Deal")
    with django_assert_num_queries(1):
        assert get_terms(organization, "usd").is_override


def test_a_currency_without_terms_cannot_be_sold_in(organization):
    FeeTerms.objects.filter(plan__code="organization", currency="eur").delete()
    with pytest.raises(CurrencyNotSupported):
        get_terms(organization, "eur")
    with pytest.raises(CurrencyNotSupported):
        get_terms(organization, "xyz")


def test_an_override_replaces_the_rate_and_keeps_the_rest(organization, staff):
    override = terms.set_override(
        organization, percent=Decimal("3.5"), fixed_amount=50, actor=staff, reason="Deal"
    )
    in_force = get_terms(organization, "usd")
    assert (in_force.percent, in_force.fixed_amount, in_force.is_override) == (Decimal("3.5"), 50, True)
    assert in_force.effective_from == override.effective_from
    assert in_force.recovers_processing
    assert not get_terms(organization, "eur").is_override
    entry = AuditEntry.objects.get(action="fees.override_set")
    assert (entry.actor, entry.actor_kind, entry.reason) == (staff, "staff", "Deal")
    assert entry.organization == organization
    assert (entry.before["percent"], entry.after["percent"]) == ("4", "3.5")


def test_the_same_override_twice_is_one_row(organization, staff):
    for _ in range(2):
        terms.set_override(organization, percent=Decimal("3.50"), fixed_amount=50, actor=staff, reason="Deal")
    assert FeeOverride.objects.count() == 1
    assert AuditEntry.objects.filter(action="fees.override_set").count() == 1


def test_the_same_override_for_later_twice_is_one_row(organization, staff):
    later = timezone.now() + timedelta(days=10)
    rate = {"percent": Decimal(1), "fixed_amount": 0, "actor": staff, "reason": "Spring"}
    for _ in range(2):
        terms.set_override(organization, effective_from=later, **rate)
    assert FeeOverride.objects.count() == 1
    terms.set_override(organization, effective_from=later + timedelta(days=1), **rate)
    assert FeeOverride.objects.count() == 2


def test_an_override_for_later_counts_from_then_on_and_history_stays(organization, staff):
    later = timezone.now() + timedelta(days=10)
    terms.set_override(
        organization, percent=Decimal(1), fixed_amount=0, effective_from=later, actor=staff, reason="Spring"
    )
    assert get_terms(organization, "usd").percent == 4
    assert get_terms(organization, "usd", later + timedelta(seconds=1)).percent == 1
    assert has_override(organization, "usd")


def test_removing_an_override_returns_to_the_plan_and_calls_off_what_was_to_come(organization, staff):
    later = timezone.now() + timedelta(days=10)
    terms.set_override(organization, percent=Decimal(2), fixed_amount=0, actor=staff, reason="Deal")
    terms.set_override(
        organization, percent=Decimal(1), fixed_amount=0, effective_from=later, actor=staff, reason="Spring"
    )
    terms.remove_override(organization, actor=staff, reason="Over")
    assert not get_terms(organization, "usd").is_override
    assert not get_terms(organization, "usd", later + timedelta(days=1)).is_override
    assert not has_override(organization, "usd")
    assert AuditEntry.objects.filter(action="fees.override_removed").count() == 1
    assert terms.remove_override(organization, actor=staff, reason="Again") is None


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("percent", {"percent": Decimal("-0.1")}),
        ("percent", {"percent": Decimal("100.1")}),
        ("percent", {"percent": Decimal("1.0001")}),
        ("percent", {"percent": Decimal("NaN")}),
        ("fixed_amount", {"fixed_amount": -1}),
        ("fixed_amount", {"fixed_amount": terms.LARGEST_FIXED_AMOUNT + 1}),
        ("fixed_amount", {"currency": "kwd", "fixed_amount": 5}),
        ("currency", {"currency": "xyz"}),
        ("reason", {"reason": "  "}),
        ("effective_from", {"effective_from": timezone.now() - timedelta(days=2)}),
    ],
)
def test_a_rate_that_cannot_be_is_refused_and_changes_nothing(organization, staff, field, change):
    given = {"percent": Decimal(1), "fixed_amount": 10, "actor": staff, "reason": "Deal", **change}
    with pytest.raises(Invalid) as refusal:
        terms.set_override(organization, **given)
    assert refusal.value.attr == field
    assert not FeeOverride.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="fees.").exists()


def test_new_plan_terms_keep_what_is_not_given_and_touch_nobodys_override(organization, staff):
    other = OrganizationFactory()
    terms.set_override(other, percent=Decimal(1), fixed_amount=0, actor=staff, reason="Deal")
    plan = FeePlan.objects.get(code="organization")
    made = terms.set_plan_terms(
        plan, currency="usd", percent=Decimal(5), fixed_amount=100, actor=staff, reason="2027"
    )
    assert (made.rounding, made.processing_paid_by, made.refunds_platform_fee) == ("per_ticket", "sale", True)
    assert get_terms(organization, "usd").percent == 5
    assert get_terms(other, "usd").percent == 1
    before = timezone.now() - timedelta(days=1)
    assert get_terms(organization, "usd", before).percent == 4
    assert AuditEntry.objects.get(action="fees.plan_terms_set").subject == "plan:organization"


def test_processing_of_the_host_plan_may_move_to_the_sale(buyer, staff):
    plan = FeePlan.objects.get(code="host")
    terms.set_plan_terms(
        plan,
        currency="usd",
        percent=Decimal(3),
        fixed_amount=0,
        processing_paid_by="sale",
        refunds_platform_fee=True,
        actor=staff,
        reason="Test",
    )
    in_force = get_terms(personal_organization(buyer), "usd")
    assert in_force.recovers_processing
    assert in_force.refunds_platform_fee
    with pytest.raises(Invalid):
        terms.set_plan_terms(
            plan,
            currency="usd",
            percent=Decimal(3),
            fixed_amount=0,
            processing_paid_by="nobody",
            actor=staff,
            reason="Test",
        )


def test_an_organization_can_be_put_on_another_plan(organization, staff):
    host = FeePlan.objects.get(code="host")
    assert get_plan(organization).code == "organization"
    assert terms.assign_plan(organization, plan=host, actor=staff, reason="Small") is not None
    assert terms.assign_plan(organization, plan=host, actor=staff, reason="Small") is None
    assert get_plan(organization) == host
    assert get_terms(organization, "usd").percent == 3
    assert PlanAssignment.objects.count() == 1
    with pytest.raises(Invalid):
        terms.assign_plan(organization, plan=host, actor=staff, reason="")


def test_fees_are_absorbed_until_an_organization_chooses(organization: Organization, organizer):
    assert default_absorption(organization) == "absorb"
    for _ in range(2):
        terms.set_fee_absorption(organization, fee_absorption="pass_to_buyer", actor=organizer)
    assert default_absorption(organization) == "pass_to_buyer"
    assert AuditEntry.objects.filter(action="fees.absorption_set").count() == 1
    with pytest.raises(Invalid):
        terms.set_fee_absorption(organization, fee_absorption="nobody", actor=organizer)
