"""Stripe's events as they came in: looked at, handled again, or let rest."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ReadOnly, StaffAdmin
from accounts.admin.lists import only
from connect.models import EventCursor, StripeEvent
from connect.services import inbox

STATES = only(
    "state",
    "status__exact",
    {
        "received": ("Waiting", Q(status="received")),
        "dead": ("Dead letters", Q(status="dead", acknowledged_at__isnull=True)),
    },
)


def tell(event: StripeEvent) -> str:
    return f"{event.event_id} {event.type} ({event.get_status_display()})"


@admin.register(StripeEvent)
class StripeEventAdmin(Acting, ReadOnly, StaffAdmin):
    list_display = [
        "event_id",
        "type",
        "endpoint",
        "status",
        "attempts",
        "received_at",
        "acknowledged_at",
        "short_error",
    ]
    list_filter = [STATES]
    ordering = ["-id"]
    sortable_by = ()
    found_by = ("object_id",)
    search_help_text = "Id of the event or its object"
    actions = ["replay_events", "acknowledge_events"]

    def find(self, rows: QuerySet[Any], fields: Iterable[str], words: str) -> QuerySet[Any]:
        """Events are unique by endpoint and id: with both, its index finds them."""
        if words.strip().startswith("evt_"):
            return rows.filter(endpoint__in=StripeEvent.Endpoint.values, event_id=words.strip())
        return super().find(rows, fields, words)

    @admin.display(description="error")
    def short_error(self, event: StripeEvent) -> str:
        return event.error[:80]

    @confirmed(
        "Handle again",
        warning="These events are handled once more by a worker. What they did before isn't done twice.",
        button="Handle again",
        permission="connect.change_stripeevent",
        tell=tell,
    )
    def replay_events(self, request: HttpRequest, event: StripeEvent, given: dict[str, Any]) -> str:
        one = StripeEvent.objects.filter(pk=event.pk)
        count = inbox.replay(one, actor=request.user, reason=given["reason"])
        return "will be handled again." if count else "waits to be handled anyway."

    @confirmed(
        "Let dead letters rest",
        warning="Dead letters that need nothing more stop being reported as a fault. They stay in the list and can "
        "still be handled again.",
        button="Let them rest",
        permission="connect.change_stripeevent",
        tell=tell,
    )
    def acknowledge_events(self, request: HttpRequest, event: StripeEvent, given: dict[str, Any]) -> str:
        one = StripeEvent.objects.filter(pk=event.pk)
        count = inbox.acknowledge(one, actor=request.user, reason=given["reason"])
        return "needs nothing more." if count else "is no dead letter that waits."


@admin.register(EventCursor)
class EventCursorAdmin(ReadOnly, StaffAdmin):
    list_display = ["__str__", "complete_at", "found", "found_at", "error"]
    found_by = ("account_id",)
