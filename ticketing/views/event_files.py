"""What an event hands out beside its page: the picture of its link, its entry for a calendar."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ticketing.selectors.events import find_event
from ticketing.services.preview_images import preview_image, preview_version
from ticketing.services.ticket_files import calendar_file

FOR_GOOD = "public, max-age=31536000, immutable"
FOR_NOW = "public, max-age=300"


@login_not_required
@require_safe
def preview(request: HttpRequest, slug: str, version: str) -> HttpResponse:  # noqa: ARG001
    """The picture as it is now; under the name of what it shows it may be kept for good. A draft has none."""
    event = find_event(slug, AnonymousUser())
    response = HttpResponse(preview_image(event), content_type="image/jpeg")
    response["Cache-Control"] = FOR_GOOD if version == preview_version(event) else FOR_NOW
    # Other sites show it, unlike everything else here.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@login_not_required
@require_safe
def calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """The event for a calendar, in its own zone."""
    event = find_event(slug, request.user)
    response = HttpResponse(calendar_file(event), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{event.slug}.ics"'
    return response
