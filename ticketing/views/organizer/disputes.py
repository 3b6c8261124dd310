"""The organizer's disputes: what banks ask back, what it costs, and what the organizer has to say to it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import allows, find_current_membership
from accounts.models import Membership, Role
from accounts.navigation import navigation
from accounts.navigation_memory import show_entry
from maly.errors import Forbidden, MalyError, NotFound
from ticketing.access import enter_dispute
from ticketing.forms.disputes import StatementForm
from ticketing.models import Dispute
from ticketing.selectors.dispute_pages import dispute_detail, list_dispute_rows
from ticketing.services.dispute_statements import save_statement

DISPUTES = "ticketing:disputes"


@require_safe
def dispute_list(request: HttpRequest) -> HttpResponse:
    """The organization's disputes, open or closed; tab and page stand in the address."""
    try:
        membership = find_current_membership(request, role=Role.MANAGER)
    except NotFound:  # in no organization yet: the first page says how to begin
        return redirect("dashboard:home")
    found = list_dispute_rows(
        membership.organization,
        tab=request.GET.get("tab", ""),
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
    )
    if not found.is_first_use:
        show_entry(request, membership, DISPUTES)
    context = {"membership": membership, "list": found, **navigation(request, membership)}
    return render(request, "ticketing/organizer/disputes.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, dispute: str) -> HttpResponse:
    """One dispute; posted to, it keeps what an owner or admin has to say."""
    found, membership = enter_dispute(request, dispute, Role.MANAGER)
    may_say = allows(membership.role, Role.ADMIN)
    if request.method == "POST" and not may_say:
        raise Forbidden
    form = StatementForm(request.POST or None, initial={"statement": found.statement})
    if form.is_valid() and _said(request, found, form):
        return redirect("ticketing:dispute", dispute)
    return _show(request, found, membership, form if may_say else None)


def _said(request: HttpRequest, found: Dispute, form: StatementForm) -> bool:
    """Keep it; False if it is too late, which the form then says."""
    try:
        save_statement(found, actor=request.user, text=form.cleaned_data["statement"])
    except MalyError as error:
        form.say(error)
        return False
    messages.success(request, _("Saved. We read it before we answer the bank."))
    return True


def _show(
    request: HttpRequest, found: Dispute, membership: Membership, form: StatementForm | None
) -> HttpResponse:
    show_entry(request, membership, DISPUTES)
    page = dispute_detail(found)
    context = {
        "page": page,
        "dispute": page.dispute,
        "order": page.dispute.order,
        "event": page.dispute.order.event,
        "form": form,
        **navigation(request, membership),
    }
    return render(request, "ticketing/organizer/dispute.html", context)
