"""The organizer's pages of payouts: all of them, and one with what it is made of."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import find_current_membership
from accounts.models import Role
from accounts.navigation import navigation
from maly.errors import NotFound
from maly.spreadsheets import stream_csv
from payouts.access import enter_payout
from payouts.selectors.payout_contents import export_rows, read_contents
from payouts.selectors.payout_list import PayoutRow, list_payouts
from ticketing.forms.buyers import read_quantity


@never_cache
@require_safe
def payout_list(request: HttpRequest) -> HttpResponse:
    """The organization's payouts; status and page stand in the address, `now` waits for what Stripe says."""
    try:
        membership = find_current_membership(request, role=Role.ADMIN)
    except NotFound:  # in no organization yet: the first page says how to begin
        return redirect("dashboard:home")
    found = list_payouts(
        membership.organization,
        status=request.GET.get("status", ""),
        number=_page_number(request),
        ask="now" in request.GET,
    )
    context = {"membership": membership, "list": found, **navigation(request, membership)}
    return render(request, "payouts/payouts.html", context)


@never_cache
@require_safe
def payout(request: HttpRequest, payout_id: str) -> HttpResponse:
    """One payout: its orders, refunds and fees, and how it went."""
    found, membership = enter_payout(request, payout_id)
    context = {
        "payout": found,
        "row": PayoutRow(found),
        "contents": read_contents(found, number=_page_number(request)),
        **navigation(request, membership),
    }
    return render(request, "payouts/payout.html", context)


@require_safe
def payout_export(request: HttpRequest, payout_id: str) -> StreamingHttpResponse:
    """What one payout is made of, as CSV."""
    found, _membership = enter_payout(request, payout_id)
    return stream_csv(export_rows(found), name=f"payout-{found.created_at:%Y-%m-%d}-{found.pk}.csv")


def _page_number(request: HttpRequest) -> int:
    return max(1, read_quantity(request.GET.get("page", "1")))
