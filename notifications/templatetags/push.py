"""{% push_button "user" user.pk user %}: the button by which this browser asks to be told of what is user 7's."""

from typing import Any

from django import template
from django.conf import settings

from accounts.models import User
from notifications.services.push import own_topic, sign_topic
from notifications.vapid import public_key

register = template.Library()


@register.inclusion_tag("notifications/_push.html")
def push_button(topic: str, pk: int = 0, user: User | None = None) -> dict[str, Any]:
    """A button for a topic that the page's reader may know of, or for their own; nothing where push isn't set up."""
    if not settings.VAPID_PRIVATE_KEY:
        return {}
    return {
        "topic": sign_topic(own_topic(topic, pk, user) if user else topic),
        "public_key": public_key(settings.VAPID_PRIVATE_KEY),
    }
