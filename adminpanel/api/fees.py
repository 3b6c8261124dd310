"""The API of the plans' fees for platform admins."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from adminpanel.access import IsPlatformAdmin
from connect.api import Fees, named_as_here
from connect.models import FeePlan, FeeTerms
from connect.services import terms
from connect.services.fees import rate_text


class PlanInput(serializers.Serializer[Any]):
    """A plan, by its code."""

    plan = serializers.SlugField(max_length=40)

    def validate_plan(self, code: str) -> FeePlan:
        plan = FeePlan.objects.filter(code=code).first()
        if plan is None:
            raise serializers.ValidationError(_("No plan has this code."))
        return plan


class SetDefaultFees(APIView):
    """PUT /api/admin/fees/default: new terms of a plan, for new orders of every organization on it."""

    permission_classes = [IsPlatformAdmin]

    class Input(PlanInput, Fees.Input):
        processing_paid_by = serializers.ChoiceField(FeeTerms.ProcessingPaidBy.choices, required=False)
        refunds_platform_fee = serializers.BooleanField(required=False)

    class Output(serializers.Serializer[Any]):
        plan = serializers.CharField(source="plan.code")
        platform_fee_percent = serializers.SerializerMethodField(help_text='Such as "3.5".')
        platform_fee_fixed = serializers.IntegerField(source="fixed_amount")
        currency = serializers.CharField()
        processing_paid_by = serializers.ChoiceField(FeeTerms.ProcessingPaidBy.choices)
        refunds_platform_fee = serializers.BooleanField()
        effective_date = serializers.DateTimeField(source="effective_from")

        def get_platform_fee_percent(self, row: FeeTerms) -> str:
            return rate_text(row.percent)

    @extend_schema(request=Input, responses=Output, operation_id="admin_fees_default")
    def put(self, request: Request) -> Response:
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        with named_as_here():
            made = terms.set_plan_terms(
                wanted.pop("plan"),
                percent=wanted.pop("platform_fee_percent"),
                fixed_amount=wanted.pop("platform_fee_fixed"),
                effective_from=wanted.pop("effective_date", None),
                actor=request.user,
                **wanted,
            )
        return Response(self.Output(made).data)
