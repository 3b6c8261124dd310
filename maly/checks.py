"""System checks that only Maly needs: real money never meets the debugger or the sandbox."""

from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def check_live_keys(**_kwargs: Any) -> list[CheckMessage]:
    """A live Stripe key with DEBUG, the demo or another base address is refused."""
    if not settings.STRIPE_LIVE_MODE or settings.MALY_TESTING:
        return []
    unsafe = {
        "DEBUG": settings.DEBUG,
        "MALY_DEMO": settings.MALY_DEMO,
        "STRIPE_API_BASE": bool(settings.STRIPE_API_BASE),
    }
    hint = "Use a test key (sk_test_…), or unset it."
    return [
        Error(f"STRIPE_SECRET_KEY is live while {name} is set.", hint=hint, id="maly.E001")
        for name, is_set in unsafe.items()
        if is_set
    ]


@register()
def check_time_zone(**_kwargs: Any) -> list[CheckMessage]:
    """The zone of the platform's days has to be one, by its name in the IANA's list."""
    if settings.PLATFORM_TIME_ZONE in available_timezones():
        return []
    hint = "Take a name such as Europe/London or UTC."
    return [
        Error(f"PLATFORM_TIME_ZONE {settings.PLATFORM_TIME_ZONE!r} is no zone.", hint=hint, id="maly.E002")
    ]
