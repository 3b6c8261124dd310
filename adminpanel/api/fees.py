"""The API of the plans' fees for platform admins."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from adminpanel.access import IsPlatformAdmin
from connect.api import DateOrMoment
from connect.models import FeePlan, FeeTerms
from connect.services import terms
from connect.services.fees import rate_text
from maly.errors import Invalid
from maly.money import CURRENCIES

# What the service calls its arguments, and what they are called here.
NAMES = {
    "percent": "platform_fee_percent",
    "fixed_amount": "platform_fee_fixed",
    "effective_from": "effective_date",
}


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

    class Input(PlanInput):
        platform_fee_percent = serializers.DecimalField(
            max_digits=6, decimal_places=3, min_value=Decimal(0), max_value=Decimal(100)
        )
        platform_fee_fixed = serializers.IntegerField(
            min_value=0, max_value=terms.LARGEST_FIXED_AMOUNT, help_text="Minor units, for each paid ticket."
        )
        currency = serializers.ChoiceField(sorted(CURRENCIES), default="usd")
        processing_paid_by = serializers.ChoiceField(FeeTerms.ProcessingPaidBy.choices, required=False)
        refunds_platform_fee = serializers.BooleanField(required=False)
        effective_date = DateOrMoment(required=False)
        reason = serializers.CharField(max_length=2000)

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
        plan, arguments = (
            wanted.pop("plan"),
            {inner: wanted.pop(outer, None) for inner, outer in NAMES.items()},
        )
        try:
            made = terms.set_plan_terms(plan, actor=request.user, **arguments, **wanted)
        except Invalid as error:
            error.attr = NAMES.get(error.attr or "", error.attr)
            raise
        return Response(self.Output(made).data)
