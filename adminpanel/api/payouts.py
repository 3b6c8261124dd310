"""GET /api/admin/payouts: everybody's payouts, newest first."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from adminpanel.access import IsPlatformAdmin
from adminpanel.api.transactions import OrganizationFilter
from adminpanel.selectors.payouts import PayoutFilters, find_payouts
from payouts.api.payouts import PayoutOutput, PayoutPages
from payouts.models import PayoutStatus


class StaffPayoutOutput(PayoutOutput):
    """A payout, and whose it is."""

    organization = serializers.CharField(source="organization.slug")
    account = serializers.CharField(
        source="connected_account.masked_id", help_text="Its Stripe account, masked."
    )


class Payouts(APIView):
    """For platform admins."""

    permission_classes = [IsPlatformAdmin]

    class Filter(OrganizationFilter):
        status = serializers.ChoiceField(PayoutStatus.choices, required=False, allow_blank=True)

    @extend_schema(parameters=[Filter], responses=StaffPayoutOutput(many=True), operation_id="admin_payouts")
    def get(self, request: Request) -> Response:
        wanted = self.Filter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        pages = PayoutPages()
        rows = pages.paginate_queryset(
            find_payouts(PayoutFilters(**wanted.validated_data)), request, view=self
        )
        return pages.get_paginated_response(StaffPayoutOutput(rows, many=True).data)
