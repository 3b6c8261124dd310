"""The API's views of several apps: the caller, the organizations that they work in, an order with its money trail."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Membership, Organization, Role
from accounts.premium import is_premium
from connect.selectors import payment_status, plan_codes
from maly.api import CursorPagination
from payouts.services.trail import Trail, read_trail
from ticketing.access import find_order, sees_split
from ticketing.api.base import ThrottledView
from ticketing.models import Order
from ticketing.serializers import BuyerOrderSerializer, MemberOrderSerializer, read_order_parts


class Me(APIView):
    """GET /api/me."""

    class Output(serializers.Serializer[Any]):
        email = serializers.EmailField()
        name = serializers.CharField()
        is_platform_admin = serializers.BooleanField()
        is_premium = serializers.BooleanField()
        stripe_account_id = serializers.CharField(allow_null=True, help_text="acct_ + first 4 + … + last 4.")
        stripe_onboarding_complete = serializers.BooleanField(help_text="Of the personal organization.")

    @extend_schema(responses=Output, operation_id="me")
    def get(self, request: Request) -> Response:
        user = request.user
        personal = Organization.objects.filter(host=user).first()
        status = payment_status(personal) if personal else None
        answer = {
            "email": user.email,
            "name": user.name,
            "is_platform_admin": user.is_platform_admin,
            "is_premium": is_premium(user),
            "stripe_account_id": status.account_id if status else None,
            "stripe_onboarding_complete": bool(status and status.verified),
        }
        return Response(self.Output(answer).data)


class Organizations(generics.GenericAPIView):
    """GET /api/organizations."""

    class Output(serializers.Serializer[Any]):
        slug = serializers.CharField(source="organization.slug")
        name = serializers.CharField(source="organization.name")
        kind = serializers.ChoiceField(Organization.Kind.choices, source="organization.kind")
        role = serializers.ChoiceField(Role.choices)
        plan = serializers.CharField(help_text="The fee plan's code.")

    class Pagination(CursorPagination):
        ordering = "id"

    serializer_class = Output
    pagination_class = Pagination
    queryset = Membership.objects.none()

    @extend_schema(operation_id="organizations")
    def get(self, request: Request) -> Response:
        mine = Membership.objects.filter(user=request.user).select_related("organization")
        page = self.paginate_queryset(mine.annotate(plan=plan_codes("organization")))
        return self.get_paginated_response(self.Output(page, many=True).data)


class TrailStep(serializers.Serializer[Any]):
    """One movement of an order's money in the ledger, or one that is still to come (`pending`)."""

    kind = serializers.CharField()
    words = serializers.CharField()
    pending = serializers.BooleanField()
    id = serializers.CharField(allow_null=True, help_text="Of Stripe's object.")
    occurred_at = serializers.DateTimeField(allow_null=True)
    currency = serializers.CharField()
    amount = serializers.IntegerField(allow_null=True, help_text="What moved; null while it isn't known.")
    buyer = serializers.IntegerField(
        help_text="What the buyer gains by it, in minor units; given is below 0."
    )
    stripe = serializers.IntegerField()
    platform = serializers.IntegerField()
    organizer = serializers.IntegerField()
    withheld = serializers.IntegerField(help_text="What a dispute or an open question holds back.")
    bank = serializers.IntegerField(help_text="What reaches the organizer's bank.")
    at_organizer = serializers.IntegerField(help_text="How the organizer's balance at Stripe changes.")
    organizer_balance = serializers.IntegerField(help_text="What of the order is the organizer's after it.")
    arrives_at = serializers.DateTimeField(allow_null=True, help_text="When the bank has it, of a payout.")


class MemberOrder(MemberOrderSerializer):
    """An order for a member of its organization, with its money trail."""

    trail = serializers.SerializerMethodField()

    @extend_schema_field(TrailStep(many=True))
    def get_trail(self, order: Order) -> list[dict[str, Any]]:
        return TrailStep(_rows(read_trail(order)), many=True).data


def _rows(trail: Trail) -> list[dict[str, Any]]:
    """What has moved, then what is to come, in one shape; nothing is known of the latter but its amount, if that."""
    nobody = dict.fromkeys(
        ("buyer", "stripe", "platform", "organizer", "withheld", "bank", "at_organizer"), 0
    )
    now = trail.steps[-1].organizer_balance if trail.steps else 0
    unknown = {"id": None, "occurred_at": None, "arrives_at": None, "organizer_balance": now, **nobody}
    done = [{**asdict(step), "pending": False} for step in trail.steps]
    return done + [{**unknown, **asdict(each), "pending": True} for each in trail.pending]


class ShowOrder(ThrottledView):
    """GET /api/orders/{code}?key=…: the buyer's view by its key, the members' with the split and the trail."""

    throttle_scope = "lookup"

    @extend_schema(
        parameters=[
            OpenApiParameter("key", str, description="The order's key, from any link that the buyer got.")
        ],
        responses=MemberOrder,
        operation_id="order",
    )
    def get(self, request: Request, code: str) -> Response:
        order = find_order(request.user, code, key=request.query_params.get("key", ""))
        read_order_parts([order], with_tickets=True)
        shape = MemberOrder if sees_split(request.user, order) else BuyerOrderSerializer
        return Response(shape(order).data)
