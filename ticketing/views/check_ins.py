"""The page at the door, for members and for whoever has a door link: a code or a name, and an answer in one word."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Role
from maly.codes import make_code
from maly.errors import MalyError, NotFound
from maly.throttling import address, throttle
from ticketing.access import Gatekeeper, enter_event
from ticketing.models import Event
from ticketing.selectors.door import describe_answer, door_page, find_tickets_by_name, is_code
from ticketing.services.check_ins import Answer, Device, check_in, find_entry, undo_check_in
from ticketing.services.door_links import find_door_link

LONGEST_TEXT = 4296
LONGEST_NONCE = 64
# The one page that may use a camera.
CAMERA_POLICY = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check_in_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The door for a member, a SCANNER too."""
    event, _membership = enter_event(request, slug, Role.SCANNER)
    return _answer(request, event, Gatekeeper(user=request.user))


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def door(request: HttpRequest, token: str) -> HttpResponse:
    """The door for whoever has its link; nobody has to sign in."""
    link = find_door_link(token)
    if link is None:
        throttle("lookup", address(request))
        raise NotFound
    if not link.is_open:
        return render(request, "ticketing/door/ended.html", {"link": link}, status=410)
    return _answer(request, link.event, Gatekeeper(door=link))


def _answer(request: HttpRequest, event: Event, keeper: Gatekeeper) -> HttpResponse:
    """One page for four things: look, check a code, look a name up, take the last one back."""
    if request.method != "POST":
        return _show(request, event, keeper)
    throttle("door", keeper.caller)
    if undo := _read(request, "undo"):
        return _undo(request, event, keeper, undo)
    text, code = _read(request, "text"), _read(request, "code")
    if code or (text and is_code(event, text)):
        return _check(request, event, keeper, code or text)
    context: dict[str, Any] = {"text": text, "is_search": bool(text)}
    if text:
        context["matches"] = find_tickets_by_name(event, text)
    return _show(request, event, keeper, **context)


def _check(request: HttpRequest, event: Event, keeper: Gatekeeper, code: str) -> HttpResponse:
    """The answer fills the screen. Its form's number makes a reloaded page the same scan."""
    device = Device(nonce=_read(request, "nonce")[:LONGEST_NONCE])
    reason = _read(request, "override_reason")
    answer = check_in(event, keeper=keeper, text=code, device=device, override_reason=reason)
    return _show(request, event, keeper, answer=answer, words=describe_answer(event, answer))


def _undo(request: HttpRequest, event: Event, keeper: Gatekeeper, public_id: str) -> HttpResponse:
    try:
        name = find_entry(event, keeper, public_id).ticket.holder_name
        undo_check_in(event, keeper=keeper, public_id=public_id)
    except MalyError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, _("Taken back: %(name)s is not in.") % {"name": name})
    return redirect(request.path)


def _show(
    request: HttpRequest, event: Event, keeper: Gatekeeper, *, answer: Answer | None = None, **more: Any
) -> HttpResponse:
    context = {
        "event": event,
        "door": keeper.door,
        "gate": keeper.gate,
        "page": door_page(event, keeper),
        "answer": answer,
        "nonce": make_code(20),
        **more,
    }
    response = render(request, "ticketing/door/check_in.html", context)
    response["Permissions-Policy"] = CAMERA_POLICY
    return response


def _read(request: HttpRequest, name: str) -> str:
    """What a form sent, without what a database can't hold."""
    return request.POST.get(name, "").replace("\x00", "").strip()[:LONGEST_TEXT]
