"""Giving an order's money back."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import IdempotentMixin
from ticketing.access import find_order_to_refund
from ticketing.api.base import LARGEST_NUMBER
from ticketing.models import Refund
from ticketing.serializers import refund_status
from ticketing.services.refunds import request_refund

MOST_TICKETS = 500


class RefundCreateView(IdempotentMixin, APIView):
    """POST /api/orders/{code}/refunds, for OWNER and ADMIN."""

    class InputSerializer(serializers.Serializer[Any]):
        tickets = serializers.ListField(
            child=serializers.CharField(max_length=10),
            required=False,
            allow_empty=False,
            max_length=MOST_TICKETS,
        )
        amount = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_NUMBER)
        refund_application_fee = serializers.BooleanField(required=False, allow_null=True, default=None)
        restock = serializers.BooleanField(required=False, default=True)
        reason = serializers.CharField(max_length=500, help_text="The buyer reads it.")
        note = serializers.CharField(
            max_length=500, required=False, allow_blank=True, help_text="For the organizer's team alone."
        )

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            if "tickets" in attrs and "amount" in attrs:
                raise serializers.ValidationError({"amount": "Give tickets or an amount, not both."})
            return attrs

    class OutputSerializer(serializers.Serializer[Refund]):
        refund = serializers.CharField(source="code")
        status = serializers.SerializerMethodField()
        amount = serializers.IntegerField()
        from_organizer_amount = serializers.IntegerField()
        from_platform_amount = serializers.IntegerField()

        def get_status(self, refund: Refund) -> str:
            return refund_status(refund)

    @extend_schema(request=InputSerializer, responses={201: OutputSerializer})
    def post(self, request: Request, code: str) -> Response:
        order = find_order_to_refund(request.user, code)
        data = self.InputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        refund = request_refund(
            order, actor=request.user, idempotency=self.idempotency, **data.validated_data
        )
        return Response(self.OutputSerializer(refund).data, status=201)
