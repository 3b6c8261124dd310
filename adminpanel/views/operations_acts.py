"""What staff decide about what was given up: handle events again or let them rest, send messages again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from adminpanel.access import money_page
from adminpanel.forms.operations import EventsForm, MessagesForm
from adminpanel.navigation import show
from adminpanel.selectors.operations_inbox import dead_letters
from adminpanel.selectors.operations_outbox import given_up
from connect.models import StripeEvent
from connect.services import inbox
from maly.errors import NotFound
from notifications.models import Message
from notifications.services import outbox

INBOX, OUTBOX = "adminpanel:operations-inbox", "adminpanel:operations-outbox"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What can be done about events: its words, and the service that does it."""

    title: str | Promise
    button: str | Promise
    text: str | Promise
    done: Callable[[int], str]
    act: Callable[..., int]


REPLAY = Decision(
    title=gettext_lazy("Handle again"),
    button=gettext_lazy("Handle again"),
    text=gettext_lazy(
        "Each is handled as if Stripe had just sent it, with twelve new tries. What it already did isn’t done twice."
    ),
    done=lambda count: (
        ngettext("%(count)d event is handled again.", "%(count)d events are handled again.", count)
        % {"count": count}
    ),
    act=inbox.replay,
)
ACKNOWLEDGE = Decision(
    title=gettext_lazy("Let rest"),
    button=gettext_lazy("Let rest"),
    text=gettext_lazy(
        "Nothing more is done about it, and it stops being a fault. It can still be handled again later."
    ),
    done=lambda count: ngettext("%(count)d event rests.", "%(count)d events rest.", count) % {"count": count},
    act=inbox.acknowledge,
)


@money_page
@require_http_methods(["GET", "HEAD", "POST"])
def replay_events(request: HttpRequest) -> HttpResponse:
    """Asks why, and handles one event or all dead letters of a kind again."""
    return _decide(request, REPLAY)


@money_page
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_events(request: HttpRequest) -> HttpResponse:
    """Asks why, and lets one dead letter or all of a kind rest."""
    return _decide(request, ACKNOWLEDGE)


@money_page
@require_http_methods(["GET", "HEAD", "POST"])
def send_messages_again(request: HttpRequest) -> HttpResponse:
    """Asks why, and queues one message that was given up, or all of a kind."""
    form = MessagesForm(request.POST or None, initial=_given(request, "message", "kind"))
    chosen = _chosen_messages(form.named())
    count = chosen.count()
    if not count:
        messages.info(request, _("No such message is given up any more."))
        return redirect(OUTBOX)
    if request.method == "POST" and form.is_valid():
        assert request.user.is_authenticated
        sent = outbox.send_again(chosen, actor=request.user, reason=form.cleaned_data["reason"])
        words = ngettext("%(count)d message is sent again.", "%(count)d messages are sent again.", sent)
        messages.success(request, words % {"count": sent})
        return redirect(OUTBOX)
    context = {"form": form, "count": count, "message": chosen.first() if count == 1 else None}
    return show(request, "adminpanel/operations_send_again.html", context)


def _decide(request: HttpRequest, decision: Decision) -> HttpResponse:
    form = EventsForm(request.POST or None, initial=_given(request, "event", "endpoint", "type"))
    named = form.named()
    chosen = _chosen_events(named)
    count = chosen.count()
    if not count:
        messages.info(request, _("No such event is given up any more."))
        return redirect(INBOX)
    event = chosen.defer("payload").get() if "event" in named else None
    if request.method == "POST" and form.is_valid():
        done = decision.act(chosen, actor=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, decision.done(done))
        return redirect("adminpanel:operations-event", event.pk) if event else redirect(INBOX)
    context = {"form": form, "decision": decision, "count": count, "event": event}
    return show(request, "adminpanel/operations_decide.html", context)


def _chosen_events(named: dict[str, Any]) -> QuerySet[StripeEvent]:
    """The one that is named, whatever became of it, or the dead letters of the kind. Raises NotFound."""
    if "event" not in named:
        return dead_letters(endpoint=named.get("endpoint", ""), type_=named.get("type", ""))
    found = StripeEvent.objects.filter(pk=named["event"])
    if not found.exists():
        raise NotFound
    return found


def _chosen_messages(named: dict[str, Any]) -> QuerySet[Message]:
    if "message" in named:
        return given_up().filter(pk=named["message"])
    return given_up(kind=named["kind"]) if "kind" in named else Message.objects.none()


def _given(request: HttpRequest, *names: str) -> dict[str, str]:
    return {name: request.GET.get(name, "") for name in names}
