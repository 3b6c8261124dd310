"""Second factors asked of owners and staff, and sessions seen now and then."""

from collections.abc import Callable

from allauth.usersessions.middleware import UserSessionsMiddleware
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.errors import MfaRequired
from accounts.services.mfa import has_second_factor

STAFF_PATHS = ("/staff/", "/admin/")
SEEN_EVERY_SECONDS = 300


class SecondFactorMiddleware:
    """Guards staff's pages by their path, and answers the access module's MfaRequired on any other page.

    The API gets MfaRequired as an error of its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._is_unguarded_staff(request):
            return self._send_to_setup(request)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return self._send_to_setup(request) if isinstance(exception, MfaRequired) else None

    def _is_unguarded_staff(self, request: HttpRequest) -> bool:
        if (
            not settings.MFA_REQUIRED
            or not request.path.startswith(STAFF_PATHS)
            or not request.user.is_authenticated
        ):
            return False
        return (request.user.is_staff or request.user.is_platform_admin) and not has_second_factor(
            request.user
        )

    def _send_to_setup(self, request: HttpRequest) -> HttpResponse:
        text = _(
            "Owners and staff need two-factor authentication before they reach money or settings. Set it up here."
        )
        messages.warning(request, text)
        return redirect(reverse("mfa_index"))


class SessionActivityMiddleware(UserSessionsMiddleware):
    """Notes when a session was last seen at most every few minutes: four statements on each page are too many."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and not cache.add(f"session-seen:{key}", True, SEEN_EVERY_SECONDS):
            return self.get_response(request)
        return super().__call__(request)
