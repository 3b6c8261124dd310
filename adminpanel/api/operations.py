"""The API of operations: how everything runs, and what is done about Stripe's events that were given up."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from adminpanel.access import IsPlatformAdmin
from adminpanel.forms.operations import LONGEST_REASON
from adminpanel.selectors.operations import read_operations
from adminpanel.selectors.operations_inbox import dead_letters
from connect.models import StripeEvent
from connect.services import inbox
from maly.errors import Invalid, NotFound

LONGEST_ID = 80  # an event’s, and its type’s


class ShowOperations(APIView):
    """GET /api/admin/operations."""

    permission_classes = [IsPlatformAdmin]

    class Output(serializers.Serializer[Any]):
        class Problem(serializers.Serializer[Any]):
            title = serializers.CharField()
            text = serializers.CharField(help_text="What to do about it.")
            is_pressing = serializers.BooleanField()

        class Sweep(serializers.Serializer[Any]):
            name = serializers.CharField(help_text="As in the beat schedule.")
            state = serializers.ChoiceField(["ok", "overdue", "failed", "not_yet"])
            started_at = serializers.DateTimeField(source="run.started_at", default=None)
            finished_at = serializers.DateTimeField(source="run.finished_at", default=None)
            succeeded_at = serializers.DateTimeField(source="run.succeeded_at", default=None)
            failures = serializers.IntegerField(source="run.failures", default=0, help_text="In a row.")
            error = serializers.CharField(source="run.error", default="")

        class Inbox(serializers.Serializer[Any]):
            waiting = serializers.IntegerField()
            oldest_due_at = serializers.DateTimeField(allow_null=True)
            given_up = serializers.IntegerField(source="dead")
            last_hour = serializers.IntegerField(help_text="Received; 1,000 means that many or more.")
            platform_at = serializers.DateTimeField(allow_null=True)
            connect_at = serializers.DateTimeField(allow_null=True)

        class Outbox(serializers.Serializer[Any]):
            waiting = serializers.IntegerField()
            oldest_due_at = serializers.DateTimeField(allow_null=True)
            given_up = serializers.IntegerField(source="dead")
            sent_at = serializers.DateTimeField(allow_null=True)

        class Books(serializers.Serializer[Any]):
            violations = serializers.IntegerField()
            proved_at = serializers.DateTimeField(allow_null=True)
            unsealed = serializers.IntegerField()
            differences = serializers.IntegerField()
            compared_at = serializers.DateTimeField(allow_null=True)
            revenue_at = serializers.DateTimeField(allow_null=True)

        beat_at = serializers.DateTimeField(source="processes.beat_at", allow_null=True)
        worker_at = serializers.DateTimeField(source="processes.worker_at", allow_null=True)
        problems = Problem(many=True)
        sweeps = Sweep(many=True, source="processes.sweeps")
        inbox = Inbox(source="backlog")
        outbox = Outbox()
        books = Books()

    @extend_schema(operation_id="admin_operations", responses=Output)
    def get(self, request: Request) -> Response:  # noqa: ARG002
        return Response(self.Output(read_operations()).data)


class EventsInput(serializers.Serializer[Any]):
    """One event by Stripe's id, or all dead letters of a type at an endpoint; and why."""

    event = serializers.CharField(required=False, max_length=LONGEST_ID)
    endpoint = serializers.ChoiceField(StripeEvent.Endpoint.choices)
    type = serializers.CharField(required=False, max_length=LONGEST_ID)
    reason = serializers.CharField(max_length=LONGEST_REASON)


class _Decide(APIView):
    permission_classes = [IsPlatformAdmin]

    class Output(serializers.Serializer[Any]):
        events = serializers.IntegerField(help_text="How many that were.")

    def decide(self, request: Request, act: Callable[..., int]) -> Response:
        given = EventsInput(data=request.data)
        given.is_valid(raise_exception=True)
        count = act(_chosen(given.validated_data), actor=request.user, reason=given.validated_data["reason"])
        return Response(self.Output({"events": count}).data)


class ReplayEvents(_Decide):
    """POST /api/admin/operations/events/replay."""

    @extend_schema(operation_id="admin_events_replay", request=EventsInput, responses=_Decide.Output)
    def post(self, request: Request) -> Response:
        return self.decide(request, inbox.replay)


class AcknowledgeEvents(_Decide):
    """POST /api/admin/operations/events/acknowledge."""

    @extend_schema(operation_id="admin_events_acknowledge", request=EventsInput, responses=_Decide.Output)
    def post(self, request: Request) -> Response:
        return self.decide(request, inbox.acknowledge)


def _chosen(given: dict[str, Any]) -> QuerySet[StripeEvent]:
    if "event" not in given:
        if "type" not in given:
            raise Invalid(_("Name an event, or a type of them."), attr="type")
        return dead_letters(endpoint=given["endpoint"], type_=given["type"])
    found = StripeEvent.objects.filter(endpoint=given["endpoint"], event_id=given["event"])
    if not found.exists():
        raise NotFound
    return found
