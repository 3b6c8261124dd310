"""What a person is entitled to, from what is known of their subscriptions: the row that the whole house reads.

active, trialing   until the period ends, and a little longer for the news of the renewal
past_due           until the grace is over, which begins with the invoice that fails
all else           not at all
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from accounts.models import Entitlement, Organization, User
from accounts.premium import HOST_FEE_PLAN, PREMIUM
from connect.models import PlanAssignment
from connect.selectors import get_plan
from connect.services.ruled_plans import follow_rule
from premium.models import PremiumInvoice, Subscription

Status = Subscription.Status
# Stripe renews within the hour; its news may be late, and the sweep asks as soon as a period is over.
RENEWAL_SLACK = timedelta(hours=6)
REASON = "Premium"


def grace_end(subscription: Subscription) -> datetime | None:
    """How long Premium lasts while a payment fails; None where none does.

    The grace begins with the period that isn't paid, or with the invoice if that came later, so that it is the same
    whenever and in whatever order the news arrives.
    """
    if subscription.status != Status.PAST_DUE:
        return None
    latest = PremiumInvoice.objects.filter(stripe_invoice_id=subscription.latest_invoice_id)
    issued_at = latest.values_list("issued_at", flat=True).first()
    period = subscription.current_period_start
    return max(period, issued_at or period) + timedelta(days=settings.PREMIUM_GRACE_DAYS)


def entitled_until(subscription: Subscription) -> datetime | None:
    """Until when a subscription entitles its person; None for one that gives nothing."""
    if subscription.is_extra:
        return None
    if subscription.status in (Status.ACTIVE, Status.TRIALING):
        slack = timedelta(0) if subscription.cancel_at_period_end else RENEWAL_SLACK
        return subscription.current_period_end + slack
    return subscription.grace_until if subscription.status == Status.PAST_DUE else None


def follow_subscriptions(user: User) -> None:
    """Bring a person's entitlement and their own organization's fee plan to their subscriptions, customer locked."""
    own = Subscription.objects.filter(user=user, is_extra=False).exclude(status__in=Subscription.ENDED)
    ends = []
    for subscription in own:
        grace = grace_end(subscription)
        if grace != subscription.grace_until:
            subscription.grace_until = grace
            subscription.save(update_fields=["grace_until"])
        ends.append(entitled_until(subscription))
    _write(user, max((end for end in ends if end), default=None))
    follow_host_fee(user)


def follow_host_fee(user: User) -> bool:
    """Give the personal organization of somebody premium the lower fee, and take it back; whether that changed it.

    New orders only: every order keeps the terms it froze.
    """
    organization = Organization.objects.filter(host=user).first()
    if organization is None:
        return False
    is_entitled = Entitlement.objects.filter(user=user, kind=PREMIUM, until__gt=timezone.now()).exists()
    plan_code = HOST_FEE_PLAN if is_entitled else None
    if plan_code is None and not _is_on_host_plan(organization):
        return False
    return follow_rule(organization, plan_code=plan_code, reason=REASON) is not None


def hosts_on_the_wrong_plan(*, limit: int = 200) -> list[User]:
    """People whose own organization hasn't the fee that their entitlement says, where it is ours to say."""
    now = timezone.now()
    newest = PlanAssignment.objects.filter(organization=OuterRef("pk"), effective_from__lte=now)
    entitled = Entitlement.objects.filter(user=OuterRef("host"), kind=PREMIUM, until__gt=now)
    personal = Organization.objects.filter(host__isnull=False).annotate(
        plan=Subquery(newest.values("plan__code")[:1]), by=Subquery(newest.values("created_by")[:1])
    )
    ours = personal.filter(by=None)
    begun = ours.filter(Exists(entitled)).exclude(plan=HOST_FEE_PLAN, plan__isnull=False)
    had = PlanAssignment.objects.filter(plan__code=HOST_FEE_PLAN).values("organization")
    over = ours.filter(~Exists(entitled), pk__in=had, plan=HOST_FEE_PLAN)
    hosts = [*begun.values_list("host", flat=True)[:limit], *over.values_list("host", flat=True)[:limit]]
    return list(User.objects.filter(pk__in=hosts).order_by("pk"))


def _is_on_host_plan(organization: Organization) -> bool:
    return get_plan(organization).code == HOST_FEE_PLAN


def _write(user: User, until: datetime | None) -> None:
    if until is None:
        Entitlement.objects.filter(user=user, kind=PREMIUM).delete()
    else:
        Entitlement.objects.update_or_create(user=user, kind=PREMIUM, defaults={"until": until})
