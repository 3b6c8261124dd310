"""The service worker of web push, at the root, since it may only serve addresses below its own."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import FileResponse, HttpRequest
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
@cache_control(max_age=3600, public=True)
def push_worker(request: HttpRequest) -> FileResponse:
    """The worker's script; browsers look for a newer one by themselves."""
    path = finders.find("js/push-worker.js")
    return FileResponse(open(str(path), "rb"), content_type="text/javascript")  # noqa: SIM115  the response closes it
