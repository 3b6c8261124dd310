"""Actions of the Django admin: a page that says what will be done and asks why, then a service for each row."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.admin.base import require_recent_sign_in
from accounts.services import audit
from accounts.services.idempotency import KeptAnswer, claim_key, keep_answer
from maly.errors import MalyError

MOST_ROWS = 100
MOST_CALLS = 20  # of what may ask Stripe for each row, while a browser waits
# What an action does to one row, given the page, the request, the row and the form; it returns what happened.
Work = Callable[[Any, HttpRequest, Any, dict[str, Any]], str]


class ReasonForm(forms.Form):
    """Why staff do it."""

    reason = forms.CharField(
        max_length=500,
        help_text="Kept in the audit log.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


@dataclass(frozen=True, kw_only=True)
class Question:
    """What an action asks before it does anything."""

    name: str
    title: str
    warning: str
    button: str
    permission: str
    is_money: bool
    form: type[forms.Form]
    tell: Callable[[Any], str]
    preview: str
    foresee: Callable[[Any], Any] | None


def confirmed(
    title: str,
    *,
    warning: str,
    button: str,
    permission: str,
    is_money: bool = False,
    form: type[forms.Form] = ReasonForm,
    tell: Callable[[Any], str] = str,
    preview: str = "",
    foresee: Callable[[Any], Any] | None = None,
) -> Callable[[Work], Callable[..., HttpResponse | None]]:
    """Make an action of what is done to one row.

    It is offered to whoever holds the permission (app.verb_model). Its page shows `title` and `warning`, each row as
    `tell` puts it, or the template `preview` with what `foresee` says of the rows, and the form with a reason.
    `is_money` asks for a recent sign-in first. The same page sent twice does its work once.
    """

    def wrap(work: Work) -> Callable[..., HttpResponse | None]:
        question = Question(
            name=work.__name__,
            title=title,
            warning=warning,
            button=button,
            permission=permission,
            is_money=is_money,
            form=form,
            tell=tell,
            preview=preview,
            foresee=foresee,
        )

        @wraps(work)
        def action(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
            return _run(page, request, rows, question, work)

        action.short_description = f"{title}…"
        action.is_confirmed = True
        action.needs = permission
        return action

    return wrap


class Acting:
    """Offers only the actions that somebody may do."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        offered: Mapping[str, Any] = super().get_actions(request)
        return {
            name: action
            for name, action in offered.items()
            if not hasattr(action[0], "needs") or request.user.has_perm(action[0].needs)
        }


def _run(
    page: Any, request: HttpRequest, rows: QuerySet[Any], question: Question, work: Work
) -> HttpResponse | None:
    if question.is_money:
        require_recent_sign_in(request)
    most = MOST_CALLS if question.is_money else MOST_ROWS
    chosen = list(rows[: most + 1])
    if len(chosen) > most:
        messages.error(request, f"Choose at most {most} at a time.")
        return None
    form = question.form(request.POST if "nonce" in request.POST else None)
    if not form.is_valid():
        return _ask(page, request, chosen, question, form)
    _work_once(page, request, chosen, form.cleaned_data, work)
    return redirect(_back(page, request))


def _ask(
    page: Any, request: HttpRequest, chosen: list[Any], question: Question, form: forms.Form
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "title": question.title,
        "opts": page.opts,
        "question": question,
        "form": form,
        "rows": [(row.pk, question.tell(row)) for row in chosen],
        "foreseen": [(row, question.foresee(row)) for row in chosen] if question.foresee else [],
        "nonce": request.POST.get("nonce") or uuid.uuid4().hex,
        "from_row": "from_row" in request.POST,
        "back": _back(page, request),
    }
    return render(request, "accounts/admin/confirm.html", context)


def _work_once(page: Any, request: HttpRequest, chosen: list[Any], given: dict[str, Any], work: Work) -> None:
    """Do the work for each row, and show its words or why it was refused; a page that was sent before does nothing."""
    key = f"admin:{request.POST['nonce']}".replace("\x00", "")[:255]
    try:
        claim = claim_key(f"staff:{request.user.pk}", key=key, request_hash=work.__name__)
    except MalyError:
        messages.info(request, "This is being done already. Look again in a moment.")
        return
    if isinstance(claim, KeptAnswer):
        messages.info(request, "This was done already.")
        return
    with audit.as_staff(given.get("reason", "")):
        for row in chosen:
            _do(page, request, row, given, work)
    keep_answer(claim, status=200, body={})


def _do(page: Any, request: HttpRequest, row: Any, given: dict[str, Any], work: Work) -> None:
    try:
        messages.success(request, f"{row}: {work(page, request, row, dict(given))}")
    except MalyError as error:
        messages.error(request, f"{row}: {error.detail}")


def _back(page: Any, request: HttpRequest) -> str:
    """The page of the row whose button was pressed, or the list."""
    opts = page.opts
    address = f"admin:{opts.app_label}_{opts.model_name}"
    chosen = request.POST.getlist("_selected_action")
    if "from_row" in request.POST and len(chosen) == 1:
        return reverse(f"{address}_change", args=chosen)
    return reverse(f"{address}_changelist")
