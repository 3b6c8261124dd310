"""The door: letting people in, taking an entry back, and the list by which a device works without us."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import TokenAuthentication
from maly.throttling import throttle
from ticketing.access import Gatekeeper, find_event_at_door
from ticketing.authentication import DoorAuthentication, IsMemberOrDoor
from ticketing.models import DoorLink, Event
from ticketing.selectors.check_in_lists import find_check_in_list
from ticketing.services.check_ins import (
    LONGEST_REASON,
    Answer,
    Device,
    Result,
    check_in,
    undo_check_in,
)

# No QR code carries more characters, so that whatever is scanned gets its answer.
LONGEST_TEXT = 4296
SINCE = OpenApiParameter("since", str, description="What the list before called `since`; without it, all.")


class DoorView(APIView):
    """A call of a SCANNER and up, or of a door link for its own event."""

    authentication_classes = [TokenAuthentication, DoorAuthentication, SessionAuthentication]
    permission_classes = [IsMemberOrDoor]

    def check_throttles(self, request: Request) -> None:
        door = request.auth if isinstance(request.auth, DoorLink) else None
        throttle("door", f"door:{door.pk}" if door else f"user:{request.user.pk}")

    def enter(self, request: Request, slug: str) -> tuple[Event, Gatekeeper]:
        door = request.auth if isinstance(request.auth, DoorLink) else None
        return find_event_at_door(request.user, slug, door)


class CheckInView(DoorView):
    """POST /api/events/{slug}/check-ins: 200 for whatever can be scanned or typed."""

    class InputSerializer(serializers.Serializer[Any]):
        code = serializers.CharField(
            max_length=LONGEST_TEXT, help_text="A QR code's text, or a ticket's code."
        )
        device_id = serializers.CharField(max_length=64, required=False, allow_blank=True)
        scanned_at = serializers.DateTimeField(required=False, allow_null=True)
        nonce = serializers.CharField(
            max_length=64,
            required=False,
            allow_blank=True,
            help_text="Names the scan; sent again, it is the same entry. Else device_id and scanned_at name it.",
        )
        override_reason = serializers.CharField(
            max_length=LONGEST_REASON,
            required=False,
            allow_blank=True,
            help_text="Lets somebody who is in already in again.",
        )

    class OutputSerializer(serializers.Serializer[Any]):
        result = serializers.ChoiceField([each.value for each in Result])
        reason = serializers.CharField(required=False)
        note = serializers.CharField(required=False)
        first_scanned_at = serializers.DateTimeField(required=False)
        gate = serializers.CharField(required=False)
        holder_name = serializers.CharField(required=False)
        ticket_type = serializers.CharField(required=False)
        id = serializers.CharField(allow_null=True)

    @extend_schema(request=InputSerializer, responses=OutputSerializer)
    def post(self, request: Request, slug: str) -> Response:
        event, keeper = self.enter(request, slug)
        data = self.InputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        wish = data.validated_data
        names = ("device_id", "scanned_at", "nonce")
        answer = check_in(
            event,
            keeper=keeper,
            text=wish["code"],
            device=Device(**{name: wish[name] for name in names if wish.get(name)}),
            override_reason=wish.get("override_reason", ""),
        )
        return Response(self.OutputSerializer(show_answer(answer)).data)


class CheckInUndoView(DoorView):
    """DELETE /api/events/{slug}/check-ins/{id}: one's own, within ten seconds."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str, public_id: str) -> Response:
        event, keeper = self.enter(request, slug)
        undo_check_in(event, keeper=keeper, public_id=public_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ListedTicketSerializer(serializers.Serializer[Any]):
    """A ticket as a device keeps it."""

    code = serializers.CharField()
    generation = serializers.IntegerField()
    status = serializers.CharField()
    holder_name = serializers.CharField()
    ticket_type = serializers.CharField()
    checked_in_at = serializers.DateTimeField(allow_null=True)
    gate = serializers.CharField(allow_null=True)


class CheckInListView(DoorView):
    """GET /api/events/{slug}/check-in-list?since=: every ticket, or those that changed since the last list."""

    class OutputSerializer(serializers.Serializer[Any]):
        event = serializers.CharField()
        event_status = serializers.CharField()
        kid = serializers.CharField(help_text="The short name of the event's key, as QR codes say it.")
        public_key = serializers.CharField(help_text="Ed25519, 32 bytes in base64url, to verify QR codes.")
        checked_in = serializers.IntegerField()
        total = serializers.IntegerField()
        since = serializers.CharField(help_text="For the next call, once `next` is null.")
        next = serializers.URLField(allow_null=True)
        previous = serializers.URLField(allow_null=True)
        results = ListedTicketSerializer(many=True)

    @extend_schema(parameters=[SINCE], responses=OutputSerializer)
    def get(self, request: Request, slug: str) -> Response:
        event, _keeper = self.enter(request, slug)
        found = find_check_in_list(event, request.query_params.get("since", ""))
        more = request.build_absolute_uri(f"{request.path}?since={found.more}") if found.more else None
        answer = {**vars(found), "next": more, "previous": None, "results": found.rows}
        return Response(self.OutputSerializer(answer).data)


def show_answer(answer: Answer) -> dict[str, Any]:
    """The door's answer in the shape of the contract; what there is nothing to say of is left out."""
    shown: dict[str, Any] = {"result": answer.result.value, "id": answer.entry and answer.entry.public_id}
    if answer.ticket is not None:
        shown |= {"holder_name": answer.ticket.holder_name, "ticket_type": answer.ticket.line.name}
    if answer.entry is not None:
        shown["gate"] = answer.entry.gate
    if answer.entry is not None and answer.result == Result.ALREADY_IN:
        shown["first_scanned_at"] = answer.entry.scanned_at
    return shown | {name: words for name in ("reason", "note") if (words := getattr(answer, name))}
