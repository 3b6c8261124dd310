"""The cockpit's first page."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from adminpanel.access import staff_page
from adminpanel.navigation import show
from adminpanel.selectors.overview import read_overview


@require_safe
@staff_page
def overview(request: HttpRequest) -> HttpResponse:
    """What waits, this month against the last, and who is new; the currency stands in the address."""
    page = read_overview(request.GET.get("currency", ""))
    return show(request, "adminpanel/overview.html", {"page": page, "zone": settings.PLATFORM_TIME_ZONE})
