"""GET /api/admin/disputes: everybody's disputes, newest first."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from adminpanel.access import IsPlatformAdmin
from adminpanel.api.transactions import OrganizationFilter
from maly.api import CursorPagination
from ticketing.models import Dispute
from ticketing.selectors.disputes import can_answer, list_disputes


class DisputeOutput(serializers.Serializer[Any]):
    """A dispute and its money, minor units of its currency."""

    id = serializers.CharField(source="stripe_dispute_id")
    order = serializers.CharField(source="order.code")
    organization = serializers.CharField(source="organization.slug")
    status = serializers.ChoiceField(Dispute.Status.choices)
    reason = serializers.CharField(help_text="As Stripe names it.")
    currency = serializers.CharField()
    amount = serializers.IntegerField(help_text="What the bank asks back.")
    fee_amount = serializers.IntegerField(help_text="Stripe's own fee for it.")
    withdrawn_amount = serializers.IntegerField()
    reinstated_amount = serializers.IntegerField()
    organizer_share_amount = serializers.IntegerField(source="share_amount")
    recovered_amount = serializers.IntegerField(help_text="What of the share was taken from the organizer.")
    due_by = serializers.DateTimeField(allow_null=True, help_text="Until when Stripe takes evidence.")
    can_answer = serializers.SerializerMethodField()
    answer = serializers.SerializerMethodField()
    answered_at = serializers.DateTimeField(allow_null=True)
    needs_staff = serializers.BooleanField()
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)

    def get_can_answer(self, dispute: Dispute) -> bool:
        return can_answer(dispute)

    def get_answer(self, dispute: Dispute) -> str | None:
        return dispute.answer or None


class Disputes(APIView):
    """For platform admins."""

    permission_classes = [IsPlatformAdmin]

    class Filter(OrganizationFilter):
        status = serializers.ChoiceField(Dispute.Status.choices, required=False, allow_blank=True)
        open = serializers.BooleanField(
            required=False, default=False, help_text="Only those not decided yet."
        )
        needs_staff = serializers.BooleanField(required=False, default=False)

    @extend_schema(parameters=[Filter], responses=DisputeOutput(many=True), operation_id="admin_disputes")
    def get(self, request: Request) -> Response:
        wanted = self.Filter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given = {**wanted.validated_data}
        found = list_disputes(only_open=given.pop("open"), **given)
        pages = CursorPagination()
        rows = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(DisputeOutput(rows, many=True).data)
