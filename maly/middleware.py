"""Headers that Django and django-csp don't set, and the wider policy of the Django admin's skin."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from maly.errors import MalyError
from maly.views import maly_error

# Unfold draws with Alpine, which evaluates expressions; only staff reach the admin.
STAFF_POLICY = {
    "script-src": ["'self'", "'unsafe-eval'", "'unsafe-inline'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}


class SecurityHeadersMiddleware:
    """Adds Permissions-Policy and Cross-Origin-Resource-Policy to every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.resolver_match and request.resolver_match.app_name == "admin":
            response._csp_update = STAFF_POLICY  # type: ignore[attr-defined]
        return response


class ErrorPageMiddleware:
    """Turns a MalyError that a page let through into the page of its status; the API has its own handler."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return maly_error(request, exception) if isinstance(exception, MalyError) else None
