"""What is final about a dispute: evidence sent to the bank, or that it is accepted. And what staff have put right.

Each is a page of its own that says what it does and asks for the password again.
"""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from adminpanel.forms.disputes import DoneForm, FinalForm
from adminpanel.navigation import show
from adminpanel.selectors.disputes import read_desk
from adminpanel.views.money_things import dispute_money_page
from maly.errors import MalyError
from ticketing.models import Dispute
from ticketing.services.dispute_answers import accept_dispute, submit_evidence
from ticketing.services.disputes import settle_dispute
from ticketing.services.versions import version_of_texts

DESK = "adminpanel:dispute"


@require_http_methods(["GET", "HEAD", "POST"])
@dispute_money_page
def send(request: HttpRequest, found: Dispute) -> HttpResponse:
    """What the bank will read, and the button that sends it: that and nothing else."""

    def do(version: str) -> str:
        sent = submit_evidence(found, actor=request.user, version=version)
        return (
            _("The evidence is with the bank. It decides within 60 to 75 days.")
            if sent.answered_at
            else _waits()
        )

    return _decide(request, found, "adminpanel/dispute_send.html", do)


@require_http_methods(["GET", "HEAD", "POST"])
@dispute_money_page
def accept(request: HttpRequest, found: Dispute) -> HttpResponse:
    """What accepting costs whom, and the button for it."""

    def do(_version: str) -> str:
        accepted = accept_dispute(found, actor=request.user)
        return _("Accepted. The buyer keeps the money.") if accepted.answered_at else _waits()

    return _decide(request, found, "adminpanel/dispute_accept.html", do)


@require_http_methods(["GET", "HEAD", "POST"])
@dispute_money_page
def settle(request: HttpRequest, found: Dispute) -> HttpResponse:
    """What the dispute needed staff for, and the button that says it is done."""

    def do(_version: str) -> str:
        settle_dispute(found, actor=request.user)
        return _("Done. What Stripe had refused was tried once more.")

    return _decide(request, found, "adminpanel/dispute_settle.html", do, form_class=DoneForm)


def _waits() -> str:
    """What is said of an answer whose outcome nobody knows yet."""
    return _("Stripe hasn’t confirmed it yet. It is given again by itself, under the same key.")


def _decide(
    request: HttpRequest,
    found: Dispute,
    template: str,
    do: Callable[[str], str],
    *,
    form_class: type[FinalForm] = FinalForm,
) -> HttpResponse:
    """The page, or with its tick what it is about; what can't be done any more leads back to the desk that says so."""
    form = form_class(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, do(form.cleaned_data["version"]))
        except MalyError as error:
            messages.error(request, error.detail)
        return redirect(DESK, found.stripe_dispute_id)
    page = read_desk(found)
    shown = version_of_texts(found.evidence or page.detail.assembled)
    context = {"page": page, "dispute": found, "order": found.order, "form": form, "version": shown}
    return show(request, template, context)
