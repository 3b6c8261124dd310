"""Exact limits on logins, tokens, checkouts and look-ups: an atomic counter per caller and window."""

import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError

SECONDS = {"second": 1, "minute": 60, "hour": 3600}


class Throttled(MalyError):
    """Raised when a caller has used up its requests; `retry_after` is in seconds."""

    code = "throttled"
    status = 429
    message = _("Too many requests. Wait a moment and try again.")

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"Too many requests. Try again in {retry_after} seconds.")


def throttle(scope: str, caller: str) -> None:
    """Count one request of `caller` in `scope` (settings.THROTTLES); raises Throttled once the limit is passed."""
    limit, _slash, unit = settings.THROTTLES[scope].partition("/")
    seconds = SECONDS[unit]
    window, elapsed = divmod(int(time.time()), seconds)
    key = f"throttle:{scope}:{caller}:{window}"
    cache.add(key, 0, seconds + 1)
    if cache.incr(key) > int(limit):
        raise Throttled(seconds - elapsed)


def address(request: HttpRequest) -> str:
    """Who is calling, when nobody is signed in. Behind a proxy the web server sets REMOTE_ADDR."""
    return str(request.META.get("REMOTE_ADDR", ""))
