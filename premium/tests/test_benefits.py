"""What Premium gives: a lower fee for the host, a larger team."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.errors import TeamFull
from accounts.models import Entitlement, Invitation, Membership, Role
from accounts.premium import (
    PREMIUM,
    PREMIUM_TEAM_MEMBERS,
    TEAM_MEMBERS,
    Benefit,
    has_benefit,
    most_members,
    organization_is_premium,
)
from accounts.services.invitations import accept_invitation, hash_token, invite_member
from accounts.services.organizations import personal_organization
from accounts.tests.factories import MembershipFactory, UserFactory
from connect import billing_calls
from connect.models import FeePlan
from connect.selectors import get_plan, get_terms
from connect.services.terms import assign_plan, set_override
from premium.models import Subscription
from premium.services import sweeps

pytestmark = pytest.mark.django_db


def entitle(user, *, days=30):
    until = timezone.now() + timedelta(days=days)
    Entitlement.objects.update_or_create(user=user, kind=PREMIUM, defaults={"until": until})


def test_a_premium_hosts_own_organization_pays_two_percent_as_long_as_it_lasts(subscribe, buyer, settle):
    own = personal_organization(buyer)
    assert get_terms(own, "usd").percent == 3
    subscribe(buyer)
    terms = get_terms(own, "usd")
    assert (get_plan(own).code, terms.percent, terms.processing_paid_by) == ("premium_host", 2, "platform")
    assert has_benefit(own, Benefit.LOWER_FEE)
    billing_calls.cancel_subscription(Subscription.objects.get().stripe_subscription_id)
    settle()
    assert (get_plan(own).code, get_terms(own, "usd").percent) == ("host", 3)


def test_an_organization_that_came_later_gets_it_by_the_sweep_and_loses_it_when_the_time_is_over(buyer):
    entitle(buyer)
    own = personal_organization(buyer)
    assert [sweeps.follow_host_fees() for _again in range(2)] == [1, 0]
    assert get_plan(own).code == "premium_host"
    entitle(buyer, days=-1)
    assert [sweeps.follow_host_fees() for _again in range(2)] == [1, 0]
    assert get_plan(own).code == "host"
    entitle(buyer)
    assert sweeps.follow_host_fees() == 1


def test_what_staff_have_decided_stays(buyer, staff):
    own = personal_organization(buyer)
    entitle(buyer)
    sweeps.follow_host_fees()
    set_override(own, percent=Decimal(1), fixed_amount=0, actor=staff, reason="Agreed")
    assert get_terms(own, "usd").percent == 1
    assign_plan(own, plan=FeePlan.objects.get(code="organization"), actor=staff, reason="A team by now")
    entitle(buyer, days=-1)
    assert sweeps.follow_host_fees() == 0
    entitle(buyer)
    assert sweeps.follow_host_fees() == 0
    assert get_plan(own).code == "organization"


def test_an_organization_is_premium_by_any_owner(organization, organizer, manager):
    entitle(manager)
    assert not organization_is_premium(organization)
    Membership.objects.filter(user=manager).update(role=Role.OWNER)
    assert organization_is_premium(organization)
    assert not has_benefit(organization, Benefit.LOWER_FEE)  # a single host's alone
    entitle(manager, days=-1)
    assert not organization_is_premium(organization)


def test_a_team_has_room_for_ten_and_with_premium_for_fifty(organization, organizer, mailoutbox):
    for _member in range(TEAM_MEMBERS - 2):
        MembershipFactory(organization=organization, role=Role.SCANNER)
    invite_member(organization, email="tenth@example.com", role=Role.SCANNER, actor=organizer)
    invite_member(organization, email="tenth@example.com", role=Role.SCANNER, actor=organizer)  # once more
    with pytest.raises(TeamFull, match="10 people.*50"):
        invite_member(organization, email="eleventh@example.com", role=Role.SCANNER, actor=organizer)
    entitle(organizer)
    assert most_members(organization) == PREMIUM_TEAM_MEMBERS
    invite_member(organization, email="eleventh@example.com", role=Role.SCANNER, actor=organizer)
    # Premium ends: who is in stays in, and what was invited has no room any more.
    entitle(organizer, days=-1)
    MembershipFactory(organization=organization, role=Role.SCANNER)
    late = UserFactory(email="tenth@example.com")
    Invitation.objects.filter(email=late.email, revoked_at=None).update(token_hash=hash_token("secret"))
    with pytest.raises(TeamFull):
        accept_invitation("secret", user=late)
    assert organization.memberships.count() == TEAM_MEMBERS
