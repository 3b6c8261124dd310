"""Health, uploaded files, and error pages. `/api/` gets its errors in the API's own shape."""

import mimetypes
import sys
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from django.views.static import serve
from redis import Redis
from redis.exceptions import RedisError
from structlog.contextvars import get_contextvars

from maly.errors import MalyError

# Python 3.11 doesn't know it, and what has no type isn't shown as a picture.
mimetypes.add_type("image/avif", ".avif")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """200 while the web process serves; asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """200 when the database and, if there is one, the broker answer too; else 503, naming which doesn't."""
    parts = {"database": database_answers(), "broker": broker_answers()}
    ready = all(parts.values())
    body = {"ready": ready, **{name: "ok" if answers else "unreachable" for name, answers in parts.items()}}
    return JsonResponse(body, status=200 if ready else 503)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return False
    return True


def broker_answers() -> bool:
    if not settings.REDIS_URL:
        return True
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as broker:
            return bool(broker.ping())
    except (RedisError, OSError):
        return False


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """An uploaded picture. Names are random and never reused, so that browsers may keep it for good."""
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """handler400: a body or address that Django itself refused."""
    return error_page(request, 400, code="bad_request", detail="The request couldn't be read.")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """handler403."""
    return error_page(request, 403, code="permission_denied", detail="You may not do this.")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """handler404: not there, or not yours."""
    return error_page(request, 404, code="not_found", detail="Not found.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """CSRF_FAILURE_VIEW: most often a form that was open while the session ended."""
    detail = "The CSRF token is missing or wrong. Load the page again."
    return error_page(request, 403, code="csrf_failed", detail=detail, template="403_csrf.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a fault of ours, or 503 when the database can't be reached. Needs no database."""
    busy = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if busy else 500
    if is_api(request):
        detail = "Try again in a minute." if busy else "Something went wrong on our side."
        response: HttpResponse = api_error(status, code="unavailable" if busy else "error", detail=detail)
    else:
        response = HttpResponse(render_to_string(f"{status}.html", standalone_context()), status=status)
    if busy:
        response["Retry-After"] = "60"
    return response


def maly_error(request: HttpRequest, error: MalyError) -> HttpResponse:
    """The page of an error that a view let through, in the error's own words."""
    template = f"{error.status}.html" if error.status in (403, 404, 410, 429) else "400.html"
    response = error_page(
        request, error.status, code=error.code, detail=error.detail, template=template, message=error.detail
    )
    if retry_after := getattr(error, "retry_after", 0):
        response["Retry-After"] = str(retry_after)
    return response


def error_page(
    request: HttpRequest, status: int, *, code: str, detail: str, template: str = "", **context: Any
) -> HttpResponse:
    if is_api(request):
        return api_error(status, code=code, detail=detail)
    context["request_id"] = request_id()
    return render(request, template or f"{status}.html", context, status=status)


def api_error(status: int, *, code: str, detail: str) -> JsonResponse:
    kind = "server_error" if status >= 500 else "client_error"
    return JsonResponse(
        {"type": kind, "errors": [{"code": code, "detail": detail, "attr": None}]}, status=status
    )


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def request_id() -> str:
    """The id under which the log knows this request, so that a person can quote it."""
    return str(get_contextvars().get("request_id", ""))[:8]


def standalone_context() -> dict[str, str]:
    return {
        "platform_name": settings.PLATFORM_NAME,
        "support_email": settings.PLATFORM_SUPPORT_EMAIL,
        "static_url": settings.STATIC_URL,
        "request_id": request_id(),
    }
