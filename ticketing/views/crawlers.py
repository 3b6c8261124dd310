"""What search engines ask for first."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

# Where nothing is for everybody, or everything is for one visit only.
CLOSED = (
    "/account/",
    "/api/",
    "/dashboard/",
    "/door/",
    "/invitations/",
    "/o/",
    "/payment-",
    "/staff/",
    "/tickets/",
)


@login_not_required
@require_safe
def robots(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """robots.txt: which pages aren't worth a visit, and where all others are listed."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED), "Disallow: /e/*/checkout/", ""]
    lines.append(f"Sitemap: {settings.SITE_URL}{reverse('ticketing:sitemap')}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
