"""Staff's page of Premium: what it brings, who leaves, which payments fail, and the subscriptions."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from adminpanel.access import staff_page
from adminpanel.navigation import show
from adminpanel.selectors.premium import premium_page

MOST_DIGITS = 18
LONGEST_SEARCH = 100


@require_safe
@staff_page
def premium(request: HttpRequest) -> HttpResponse:
    """The page; the list's filter, search and place stand in the address."""
    edges = {name: _key(request.GET.get(name, "")) for name in ("before", "after")}
    search = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:LONGEST_SEARCH]
    page = premium_page(status=request.GET.get("status", ""), search=search, **edges)
    return show(request, "adminpanel/premium.html", {"page": page, "list": page.list})


def _key(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None
