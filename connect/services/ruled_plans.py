"""Fee plans that a rule of the house assigns, such as the premium host's. What staff have assigned by hand stays."""

from django.db import transaction

from accounts.models import AuditEntry, Organization
from accounts.services.audit import record
from connect.models import FeePlan, PlanAssignment


def follow_rule(organization: Organization, *, plan_code: str | None, reason: str) -> PlanAssignment | None:
    """Put an organization on a plan from now on, or with None back on its kind's own; None when nothing changes.

    Only where the last word about its plan wasn't staff's: theirs stays, and counts again when the rule ends. An
    override of its rates goes on over whichever plan it is on. Orders keep the terms that they froze.
    """
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        newest = PlanAssignment.objects.filter(organization=organization).select_related("plan").first()
        default = FeePlan.objects.get(is_default_for=organization.kind)
        former = newest.plan if newest else default
        plan = FeePlan.objects.get(code=plan_code) if plan_code else default
        if former == plan or (newest is not None and newest.created_by_id is not None):
            return None
        assignment = PlanAssignment.objects.create(organization=organization, plan=plan, reason=reason)
        record(
            "fees.plan_assigned",
            organization=organization,
            actor_kind=AuditEntry.Actor.SWEEP,
            before={"plan": former.code},
            after={"plan": plan.code},
            reason=reason,
        )
    return assignment
