"""Where Stripe and the books differ: the list, one difference with both sides, and what staff say about it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import staff_page
from adminpanel.forms.exceptions import ExplanationForm, NoteForm
from adminpanel.navigation import show
from adminpanel.selectors.exceptions import list_exceptions, read_exception
from adminpanel.views.money_things import exception_money_page, exception_page
from maly.errors import MalyError
from payouts.models import MoneyException
from payouts.services.reconciliation.findings import acknowledge
from payouts.services.reconciliation.suspense import explain
from ticketing.forms.buyers import read_quantity


@require_safe
@staff_page
def exception_list(request: HttpRequest) -> HttpResponse:
    """The differences; tab and page stand in the address."""
    number = max(1, read_quantity(request.GET.get("page", "1")))
    found = list_exceptions(tab=request.GET.get("tab", ""), number=number)
    return show(request, "adminpanel/exceptions.html", {"list": found})


@require_http_methods(["GET", "HEAD", "POST"])
@exception_page
def exception(request: HttpRequest, found: MoneyException) -> HttpResponse:
    """One difference; posted to, it notes that somebody is at it."""
    form = NoteForm(_posted(request), initial={"reason": found.note})
    if request.method == "POST" and form.is_valid():
        acknowledge(found, actor=request.user, note=form.cleaned_data["reason"])
        messages.success(request, _("Noted. It stays open until the difference is gone."))
        return redirect("adminpanel:exception", found.pk)
    context = {"page": read_exception(found), "exception": found, "form": form}
    return show(request, "adminpanel/exception.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@exception_money_page
def explain_exception(request: HttpRequest, found: MoneyException) -> HttpResponse:
    """What a movement of no known kind was, and the button that books it there."""
    form = ExplanationForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            explain(found, actor=request.user, **form.cleaned_data)
        except MalyError as error:
            form.say(error)
        else:
            messages.success(request, _("Booked. Nothing of it stands in suspense any more."))
            return redirect("adminpanel:exception", found.pk)
    context = {"page": read_exception(found), "exception": found, "form": form}
    return show(request, "adminpanel/exception_explain.html", context)


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None
