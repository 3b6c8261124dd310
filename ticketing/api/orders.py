"""Orders: going on with the payment of one, and the organizer's list of them with the split of the money."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import IdempotentMixin
from accounts.models import Role
from maly.api import CursorPagination
from ticketing.access import find_event_for_member, find_own_order
from ticketing.api.base import ThrottledView
from ticketing.models import Event, Order
from ticketing.serializers import MemberOrderSummarySerializer, read_order_parts
from ticketing.services.checkout import resume_checkout

KEY = OpenApiParameter("key", str, description="The order's key, from any link that the buyer got.")


class OrderResumeView(IdempotentMixin, ThrottledView):
    """POST /api/orders/{code}/resume, with the key in the address or the body; for its buyer alone, as paying is."""

    throttle_scope = "checkout"

    class InputSerializer(serializers.Serializer[Any]):
        key = serializers.CharField(max_length=64, required=False, allow_blank=True)

    class OutputSerializer(serializers.Serializer[Any]):
        url = serializers.URLField()
        expires_at = serializers.DateTimeField(allow_null=True)

    @extend_schema(parameters=[KEY], request=InputSerializer, responses=OutputSerializer)
    def post(self, request: Request, code: str) -> Response:
        data = self.InputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        key = request.query_params.get("key") or data.validated_data.get("key", "")
        url, expires_at = resume_checkout(find_own_order(request.user, code, key=key))
        return Response(self.OutputSerializer({"url": url, "expires_at": expires_at}).data)


class EventOrdersView(APIView):
    """GET /api/events/{slug}/orders?status=&search=, newest first, for MANAGER and up."""

    class FilterSerializer(serializers.Serializer[Any]):
        status = serializers.ChoiceField(Order.Status.choices, required=False, allow_blank=True)
        search = serializers.CharField(max_length=100, required=False, allow_blank=True)

    @extend_schema(parameters=[FilterSerializer], responses=MemberOrderSummarySerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        event = find_event_for_member(request.user, slug, Role.MANAGER)
        wanted = self.FilterSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        pages = CursorPagination()
        orders = (
            pages.paginate_queryset(find_orders(event, **wanted.validated_data), request, view=self) or []
        )
        read_order_parts(orders, with_tickets=False)
        return pages.get_paginated_response(MemberOrderSummarySerializer(orders, many=True).data)


def find_orders(event: Event, *, status: str = "", search: str = "") -> QuerySet[Order]:
    """The event's orders, by status and by what is in code, email or name."""
    orders = event.orders.all()
    if status:
        orders = orders.filter(status=status)
    if search:
        orders = orders.filter(
            Q(code__icontains=search) | Q(email__icontains=search) | Q(name__icontains=search)
        )
    return orders
