"""Refunding an order: choose, check who pays what, refund, and see what became of it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import allows
from accounts.models import Role
from accounts.navigation import navigation
from maly.errors import MalyError, NotFound
from ticketing.access import enter_order
from ticketing.errors import RefundRefused
from ticketing.forms.refunds import RefundForm
from ticketing.models import Order, Refund
from ticketing.selectors.refund_pages import Refundable, RefundPreview, preview, refundable, state_of
from ticketing.services.refunds import find_refund, request_refund

RESULT = "ticketing:refund-result"


# Not `no-store`: going back to the check would then ask whether to send the form again.
@cache_control(private=True, no_cache=True)
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, code: str) -> HttpResponse:
    """Choose what to refund, check who pays what, and then do it: once, however often the button is pressed."""
    order, membership = enter_order(request, code, Role.ADMIN)
    made = _made_before(request, order)
    if made:
        return redirect(RESULT, code, made.code)
    context: dict[str, Any] = {"order": order, "event": order.event, **navigation(request, membership)}
    try:
        found = refundable(order)
    except MalyError as error:
        return render(request, "ticketing/organizer/refund_closed.html", {**context, "why": error.detail})
    form = _form(request, found)
    context |= {"found": found, "form": form}
    shown = _preview(form, found) if form.is_bound and form.is_valid() else None
    step = request.POST.get("step")
    if shown is None or step == "edit":
        return render(request, "ticketing/organizer/refund.html", context)
    has_changed = step == "refund" and request.POST.get("expected") != shown.fingerprint
    if step == "refund" and not has_changed:
        made = _refund(request, order, form)
        if made:
            return redirect(RESULT, code, made.code)
    context |= {"preview": shown, "has_changed": has_changed}
    return render(request, "ticketing/organizer/refund_check.html", context)


@never_cache
@require_safe
def result(request: HttpRequest, code: str, refund: str) -> HttpResponse:
    """What became of a refund."""
    order, membership = enter_order(request, code, Role.MANAGER)
    found = order.refunds.select_related("payment").filter(code=refund.replace("\x00", "")).first()
    if found is None:
        raise NotFound
    context = {
        "order": order,
        "event": order.event,
        "refund": found,
        "state": state_of(found),
        "tickets": [row.ticket for row in found.voided.select_related("ticket").order_by("ticket_id")],
        "may_refund": allows(membership.role, Role.ADMIN),
        **navigation(request, membership),
    }
    return render(request, "ticketing/organizer/refund_result.html", context)


def _form(request: HttpRequest, found: Refundable) -> RefundForm:
    codes = [ticket.code for ticket in found.tickets]
    chosen = codes if len(codes) == 1 else [code for code in codes if code == request.GET.get("ticket")]
    return RefundForm(
        request.POST if request.method == "POST" else None,
        tickets=found.tickets,
        currency=found.order.currency,
        may_keep_fee=found.may_keep_fee,
        chosen=chosen,
    )


def _idempotency(request: HttpRequest) -> tuple[str, str]:
    return f"refund page:{request.user.pk}", request.POST.get("nonce", "")[:40]


def _made_before(request: HttpRequest, order: Order) -> Refund | None:
    """What this very form has made already: pressed twice, reloaded, or sent again after going back."""
    is_asked = request.method == "POST" and bool(request.POST.get("nonce"))
    return find_refund(order, idempotency=_idempotency(request)) if is_asked else None


def _preview(form: RefundForm, found: Refundable) -> RefundPreview | None:
    try:
        return preview(found, wish=form.wish, is_restocked=form.cleaned_data["restock"])
    except MalyError as error:
        form.say(error)
        return None


def _refund(request: HttpRequest, order: Order, form: RefundForm) -> Refund | None:
    """Make the refund; None if it can't be made, which the form then says."""
    given = form.cleaned_data
    key = _idempotency(request)
    try:
        return request_refund(
            order,
            actor=request.user,
            reason=given["reason"],
            note=given["note"],
            restock=given["restock"],
            idempotency=key,
            **form.wish,
        )
    except RefundRefused:
        return find_refund(order, idempotency=key)
    except MalyError as error:
        form.say(error)
        return None
