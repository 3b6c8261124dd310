"""Operations: what runs and what waits, and the queues of what was given up."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from adminpanel.access import staff_page
from adminpanel.navigation import show
from adminpanel.selectors.operations import read_operations
from adminpanel.selectors.operations_inbox import list_kinds, list_troubled, read_event
from adminpanel.selectors.operations_outbox import SHOWN, given_up, list_message_kinds
from connect.models import StripeEvent


@staff_page
@require_safe
def operations(request: HttpRequest) -> HttpResponse:
    """Everything at a glance, each trouble with what to do about it."""
    return show(request, "adminpanel/operations.html", {"page": read_operations()})


@staff_page
@require_safe
def operations_inbox(request: HttpRequest) -> HttpResponse:
    """Stripe's events that were given up or keep failing, all or of one kind."""
    wanted = (request.GET.get("endpoint"), request.GET.get("type"))
    kinds = list_kinds()
    kind = next((kind for kind in kinds if (kind.endpoint, kind.type) == wanted), None)
    context = {
        "kinds": kinds,
        "kind": kind,
        "events": list_troubled(kind),
        "total": sum(each.dead + each.retrying for each in ([kind] if kind else kinds)),
    }
    return show(request, "adminpanel/operations_inbox.html", context)


@staff_page
@require_safe
def operations_event(request: HttpRequest, stripe_event: int) -> HttpResponse:
    """One event and what became of it."""
    event = get_object_or_404(StripeEvent.objects.defer("payload"), pk=stripe_event)
    return show(request, "adminpanel/operations_event.html", {"page": read_event(event), "event": event})


@staff_page
@require_safe
def operations_outbox(request: HttpRequest) -> HttpResponse:
    """Messages that were given up, all or of one kind."""
    kinds = list_message_kinds()
    kind = next((kind for kind in kinds if kind.kind == request.GET.get("kind")), None)
    context = {
        "kinds": kinds,
        "kind": kind,
        "rows": given_up(kind=kind.kind if kind else "").order_by("-pk")[:SHOWN],
        "total": kind.dead if kind else sum(each.dead for each in kinds),
    }
    return show(request, "adminpanel/operations_outbox.html", context)
