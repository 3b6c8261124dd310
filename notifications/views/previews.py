"""Staff look at every message as it is sent: subject, HTML, text."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.access import require_platform_admin
from notifications.services.previews import preview_kinds, preview_message
from notifications.views.mailbox import MAIL_POLICY


@never_cache
@require_safe
def previews(request: HttpRequest) -> HttpResponse:
    """Every kind of message."""
    require_platform_admin(request.user)
    return render(request, "notifications/previews.html", {"kinds": preview_kinds()})


@never_cache
@require_safe
def preview(request: HttpRequest, kind: str) -> HttpResponse:
    """One kind: its subject, its HTML in a frame, its text."""
    require_platform_admin(request.user)
    context = {"preview": preview_message(kind), "kinds": preview_kinds()}
    return render(request, "notifications/preview.html", context)


@never_cache
@require_safe
@xframe_options_sameorigin
def preview_html(request: HttpRequest, kind: str) -> HttpResponse:
    """A kind's HTML alone, for the frame: it may show pictures and nothing else."""
    require_platform_admin(request.user)
    response = HttpResponse(preview_message(kind).html)
    response._csp_replace = MAIL_POLICY  # type: ignore[attr-defined]
    return response
