"""System checks that only Maly needs: real money never meets the debugger or the sandbox."""

from typing import Any

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
