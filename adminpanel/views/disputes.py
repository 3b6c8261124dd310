"""The queue of disputes and the desk of one, where its draft is written."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import staff_page
from adminpanel.forms.disputes import EvidenceForm, initial_of
from adminpanel.navigation import show
from adminpanel.selectors.disputes import read_desk, read_queue
from adminpanel.views.money_things import dispute_page
from maly.errors import MalyError
from ticketing.errors import DraftChanged
from ticketing.forms.buyers import read_quantity
from ticketing.models import Dispute
from ticketing.services.dispute_answers import save_draft
from ticketing.services.dispute_evidence import assemble_evidence


@require_safe
@staff_page
def dispute_list(request: HttpRequest) -> HttpResponse:
    """The queue; tab and page stand in the address."""
    number = max(1, read_quantity(request.GET.get("page", "1")))
    return show(
        request,
        "adminpanel/disputes.html",
        {"list": read_queue(tab=request.GET.get("tab", ""), number=number)},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@dispute_page
def dispute(request: HttpRequest, found: Dispute) -> HttpResponse:
    """One dispute; posted to, it keeps the draft, and with `do=submit` leads on to the page that sends it."""
    if request.method != "POST":
        return _show(request, found, None)
    form = EvidenceForm(request.POST, reason=found.reason)
    if not (form.is_valid() and _is_saved(request, found, form)):
        return _show(request, found, form)
    if request.POST.get("do") == "submit":
        return redirect("adminpanel:dispute-send", found.stripe_dispute_id)
    messages.success(request, _("The draft is saved. The bank hasn’t seen it."))
    return redirect("adminpanel:dispute", found.stripe_dispute_id)


def _is_saved(request: HttpRequest, found: Dispute, form: EvidenceForm) -> bool:
    """Keep the draft; False where that can't be, which the form then says, with what somebody else has saved."""
    try:
        save_draft(found, actor=request.user, evidence=form.texts, version=form.cleaned_data["version"])
    except MalyError as error:
        form.say(error)
        found.refresh_from_db(fields=["evidence"])
        # Kept here though Stripe couldn't be reached, it is what the form goes on from.
        if isinstance(error, DraftChanged) or form.says(found.evidence):
            form.meet(initial_of(found, assemble_evidence(found)))
        return False
    return True


def _show(request: HttpRequest, found: Dispute, form: EvidenceForm | None) -> HttpResponse:
    page = read_desk(found)
    initial = initial_of(found, page.detail.assembled)
    form = form or EvidenceForm(initial=initial, reason=found.reason)
    context = {"page": page, "dispute": found, "order": found.order, "event": found.order.event, "form": form}
    return show(request, "adminpanel/dispute.html", context)
