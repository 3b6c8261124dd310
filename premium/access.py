"""Whose Premium it is: a person's own, and nobody else's."""

from accounts.models import User
from premium.errors import NotSubscribed
from premium.models import Subscription


def find_subscription(user: User) -> Subscription | None:
    """The person's living subscription, else the one that ended last; None for somebody who never had one."""
    own = Subscription.objects.filter(user=user, is_extra=False).select_related("customer")
    alive = own.exclude(status__in=Subscription.ENDED).first()
    return alive or own.order_by("-started_at", "-pk").first()


def require_subscription(user: User) -> Subscription:
    """The person's living subscription; raises NotSubscribed."""
    subscription = find_subscription(user)
    if subscription is None or subscription.is_over:
        raise NotSubscribed
    return subscription
