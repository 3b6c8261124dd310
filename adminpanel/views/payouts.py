"""Staff's pages of payouts: everybody's, failures first, and one with what it is made of."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from adminpanel.access import staff_page
from adminpanel.forms.payouts import PayoutForm
from adminpanel.navigation import show
from adminpanel.selectors.organization_choices import suggest_organizations
from adminpanel.selectors.payouts import PayoutList, list_payouts, read_payout
from maly.errors import NotFound
from ticketing.forms.buyers import read_quantity

MOST_DIGITS = 18


@require_safe
@staff_page
def payout_list(request: HttpRequest) -> HttpResponse:
    """Everybody's payouts; filters and page stand in the address."""
    form = PayoutForm(request.GET)
    found = PayoutList()
    if form.is_valid():
        edges = {name: _key(request.GET.get(name, "")) for name in ("before", "after")}
        found = list_payouts(form.filters, **edges)
    context = {"form": form, "list": found, "organizations": suggest_organizations()}
    return show(request, "adminpanel/payouts.html", context)


@require_safe
@staff_page
def payout(request: HttpRequest, payout: str) -> HttpResponse:
    """One payout: its lines, why it failed, and what its organizer was told."""
    page = read_payout(payout, number=max(1, read_quantity(request.GET.get("page", "1"))))
    if page is None:
        raise NotFound
    return show(request, "adminpanel/payout.html", {"page": page, "payout": page.payout})


def _key(text: str) -> int | None:
    """The key of a row beside the page; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
