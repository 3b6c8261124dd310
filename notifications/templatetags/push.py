"""{% push_button "user" user.pk %}: the button by which this browser asks to be told of `user:7`."""

from typing import Any

from django import template
from django.conf import settings

from notifications.services.push import sign_topic
from notifications.vapid import public_key

register = template.Library()


@register.inclusion_tag("notifications/_push.html")
def push_button(*topic: object) -> dict[str, Any]:
    """A button for a topic that the page's reader may know of; nothing where push isn't set up."""
    if not settings.VAPID_PRIVATE_KEY:
        return {}
    return {
        "topic": sign_topic(":".join(map(str, topic))),
        "public_key": public_key(settings.VAPID_PRIVATE_KEY),
    }
