"""Events and ticket types: the public list and page, and what members make of them."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import find_organization, has_role
from accounts.idempotency import IdempotentMixin
from accounts.models import Role
from connect.models import FeeAbsorption
from maly.api import CursorPagination
from maly.errors import NotFound
from ticketing.access import find_event_for_member
from ticketing.api.base import LARGEST_NUMBER
from ticketing.models import Accent, Event
from ticketing.selectors.events import find_event, find_terms, with_seller
from ticketing.selectors.rows import make_row
from ticketing.serializers import (
    EventSerializer,
    MomentField,
    TermsCache,
    TicketTypeSerializer,
    show_event,
    show_ticket_type,
)
from ticketing.services import events, ticket_types
from ticketing.services.ticket_type_lists import resume_ticket_type, stop_ticket_type

LONG_TEXT = 20_000


class EventInputSerializer(serializers.Serializer[Any]):
    """What a member says of an event; times without a zone are in the event's own."""

    title = serializers.CharField(max_length=120)
    starts_at = MomentField()
    ends_at = MomentField()
    doors_at = MomentField(allow_null=True, required=False)
    timezone = serializers.CharField(max_length=60)
    venue_name = serializers.CharField(max_length=120, allow_blank=True, required=False)
    address = serializers.CharField(max_length=300, allow_blank=True, required=False)
    description = serializers.CharField(max_length=LONG_TEXT, allow_blank=True, required=False)
    accessibility = serializers.CharField(max_length=LONG_TEXT, allow_blank=True, required=False)
    asks_attendee_names = serializers.BooleanField(required=False)
    refund_policy = serializers.CharField(max_length=LONG_TEXT, allow_blank=True, required=False)
    accent = serializers.ChoiceField(Accent.choices, allow_blank=True, required=False)
    currency = serializers.CharField(max_length=3, required=False)
    fee_absorption = serializers.ChoiceField(FeeAbsorption.choices, allow_null=True, required=False)
    capacity = serializers.IntegerField(
        min_value=1, max_value=LARGEST_NUMBER, allow_null=True, required=False
    )


class TicketTypeInputSerializer(serializers.Serializer[Any]):
    """What a member says of a ticket type; the price is the face price in minor units."""

    name = serializers.CharField(max_length=80)
    price_amount = serializers.IntegerField(min_value=0, max_value=LARGEST_NUMBER)
    capacity = serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER)
    description = serializers.CharField(max_length=500, allow_blank=True, required=False)
    sales_start = MomentField(allow_null=True, required=False)
    sales_end = MomentField(allow_null=True, required=False)
    min_per_order = serializers.IntegerField(
        min_value=1, max_value=ticket_types.MOST_PER_ORDER, required=False
    )
    max_per_order = serializers.IntegerField(
        min_value=1, max_value=ticket_types.MOST_PER_ORDER, required=False
    )
    is_hidden = serializers.BooleanField(required=False)


class TicketTypeChangesSerializer(TicketTypeInputSerializer):
    """What a member changes of a ticket type; one that is stopped isn't sold until it is started again."""

    is_stopped = serializers.BooleanField(required=False)


class EventPagination(CursorPagination):
    """Soonest first."""

    ordering = ("starts_at", "id")


class EventListView(APIView):
    """GET /api/events: published events to come."""

    permission_classes = [AllowAny]
    pagination_class = EventPagination

    @extend_schema(responses=EventSerializer(many=True))
    def get(self, request: Request) -> Response:
        pages = EventPagination()
        found = pages.paginate_queryset(events_to_come(), request, view=self)
        terms = TermsCache()
        return pages.get_paginated_response([show_event(event, terms=terms) for event in found or []])


class EventView(APIView):
    """GET and PATCH /api/events/{slug}."""

    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self.request.method == "GET" else super().get_permissions()

    @extend_schema(responses=EventSerializer)
    def get(self, request: Request, slug: str) -> Response:
        event = find_event(slug, request.user)
        is_member = has_role(request.user, event.organization_id, Role.SCANNER)
        return Response(show_event(event, with_hidden=is_member))

    @extend_schema(request=EventInputSerializer, responses=EventSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        event = find_event_for_member(request.user, slug, Role.MANAGER)
        data = EventInputSerializer(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        events.update_event(event, actor=request.user, **data.validated_data)
        return Response(answer_event(event))


class EventCreateView(IdempotentMixin, APIView):
    """POST /api/organizations/{slug}/events: a draft."""

    @extend_schema(request=EventInputSerializer, responses={201: EventSerializer})
    def post(self, request: Request, slug: str) -> Response:
        organization = find_organization(request.user, slug, role=Role.MANAGER)
        data = EventInputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        event = events.create_event(organization, actor=request.user, **data.validated_data)
        return Response(answer_event(event), status.HTTP_201_CREATED)


class EventPublishView(IdempotentMixin, APIView):
    """POST /api/events/{slug}/publish: on sale, after a pause too."""

    @extend_schema(request=None, responses=EventSerializer)
    def post(self, request: Request, slug: str) -> Response:
        event = find_event_for_member(request.user, slug, Role.MANAGER)
        events.publish_event(event, actor=request.user)
        return Response(answer_event(event))


class EventPauseView(IdempotentMixin, APIView):
    """POST /api/events/{slug}/pause."""

    @extend_schema(request=None, responses=EventSerializer)
    def post(self, request: Request, slug: str) -> Response:
        event = find_event_for_member(request.user, slug, Role.MANAGER)
        events.pause_event(event, actor=request.user)
        return Response(answer_event(event))


class TicketTypeCreateView(IdempotentMixin, APIView):
    """POST /api/events/{slug}/ticket-types."""

    @extend_schema(request=TicketTypeInputSerializer, responses={201: TicketTypeSerializer})
    def post(self, request: Request, slug: str) -> Response:
        event = find_event_for_member(request.user, slug, Role.MANAGER)
        data = TicketTypeInputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        ticket_type = ticket_types.create_ticket_type(event, actor=request.user, **data.validated_data)
        return Response(answer_ticket_type(event, ticket_type.public_id), status.HTTP_201_CREATED)


class TicketTypeView(APIView):
    """PATCH /api/events/{slug}/ticket-types/{id}."""

    @extend_schema(request=TicketTypeChangesSerializer, responses=TicketTypeSerializer)
    def patch(self, request: Request, slug: str, public_id: str) -> Response:
        event = find_event_for_member(request.user, slug, Role.MANAGER)
        ticket_type = event.ticket_types.filter(public_id=public_id).first()
        if ticket_type is None:
            raise NotFound
        data = TicketTypeChangesSerializer(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        is_stopped = data.validated_data.pop("is_stopped", None)
        ticket_types.update_ticket_type(ticket_type, actor=request.user, **data.validated_data)
        if is_stopped is not None:
            change = stop_ticket_type if is_stopped else resume_ticket_type
            change(ticket_type, actor=request.user)
        return Response(answer_ticket_type(event, public_id))


def events_to_come() -> QuerySet[Event]:
    """What the public list shows: published and paused events that aren't over."""
    shown = Event.objects.filter(
        status__in=[Event.Status.PUBLISHED, Event.Status.PAUSED], ends_at__gt=timezone.now()
    )
    return with_seller(shown).prefetch_related("ticket_types")


def answer_event(event: Event) -> dict[str, Any]:
    """The event as it is now, for a member."""
    return show_event(with_seller(Event.objects.filter(pk=event.pk)).get(), with_hidden=True)


def answer_ticket_type(event: Event, public_id: str) -> dict[str, Any]:
    """A ticket type as it is now, for a member."""
    event = with_seller(Event.objects.filter(pk=event.pk)).get()
    ticket_type = event.ticket_types.get(public_id=public_id)
    row = make_row(event, ticket_type, find_terms(event), 0)
    return TicketTypeSerializer(show_ticket_type(event, row)).data
