"""Who may enter the cockpit: platform admins. For everyone else it doesn't exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access import require_platform_admin, require_recent_sign_in

View = Callable[..., HttpResponseBase]


def staff_page(view: View) -> View:
    """A page for platform admins: 404 for everyone else, never kept by a browser.

    Raises NotFound, and MfaRequired before they have a second factor. Visitors are led to sign in first.
    """

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_platform_admin(request.user)
        return view(request, *args, **kwargs)

    return guarded


def asks_again(view: View) -> View:
    """Asks for the password again after a while, and then goes on with the form that was sent."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_recent_sign_in(request)
        return view(request, *args, **kwargs)

    return guarded


def money_page(view: View) -> View:
    """As staff_page, for what moves money or changes who gets it: asks for the password again after a while."""
    return staff_page(asks_again(view))


class IsPlatformAdmin(BasePermission):
    """For the API: anonymous callers get 401, everyone but platform admins 404."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        if not request.user.is_authenticated:
            return False
        require_platform_admin(request.user)
        return True
