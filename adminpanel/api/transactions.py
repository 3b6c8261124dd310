"""GET /api/admin/transactions: everybody's paid orders, newest first."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Organization
from adminpanel.access import IsPlatformAdmin
from adminpanel.selectors.transaction_search import LONGEST_SEARCH, tidy
from adminpanel.selectors.transactions import (
    TransactionFilters,
    TransactionRow,
    find_transactions,
    ordering,
    with_parts,
)
from maly.api import CursorPagination
from ticketing.models import Order


class OrganizationFilter(serializers.Serializer[Any]):
    """One organization's; empty is everybody's."""

    organization = serializers.SlugField(max_length=120, required=False, allow_blank=True)

    def validate_organization(self, slug: str) -> Organization | None:
        found = Organization.objects.filter(slug=slug).first() if slug else None
        if slug and found is None:
            raise serializers.ValidationError("No organization has this slug.")
        return found


class TransactionOutput(serializers.Serializer[Any]):
    """A paid order with the split of its money, minor units of its currency."""

    order = serializers.CharField(source="order.code")
    organization = serializers.CharField(source="order.organization.slug")
    event = serializers.CharField(source="order.event.slug")
    status = serializers.ChoiceField(Order.Status.choices, source="order.status")
    currency = serializers.CharField(source="order.currency")
    subtotal_amount = serializers.IntegerField(source="order.subtotal_amount")
    total_amount = serializers.IntegerField(source="order.total_amount")
    application_fee_amount = serializers.IntegerField(source="order.application_fee_amount")
    platform_fee = serializers.IntegerField(source="order.platform_fee_amount")
    stripe_fee_amount = serializers.IntegerField(allow_null=True, help_text="Null until Stripe has said it.")
    organizer_amount = serializers.IntegerField(source="order.organizer_amount")
    refunded_amount = serializers.IntegerField(source="order.refunded_amount")
    payment_intent = serializers.SerializerMethodField()
    completed_at = serializers.DateTimeField(source="order.completed_at", allow_null=True)

    def get_payment_intent(self, row: TransactionRow) -> str | None:
        return row.payment_intent or None


class Transactions(APIView):
    """For platform admins."""

    permission_classes = [IsPlatformAdmin]

    class Filter(OrganizationFilter):
        date_from = serializers.DateField(required=False, help_text="Paid on this day (UTC) or later.")
        date_to = serializers.DateField(required=False, help_text="Paid on this day (UTC) or earlier.")
        status = serializers.ChoiceField(Order.Status.choices, required=False, allow_blank=True)
        search = serializers.CharField(
            max_length=LONGEST_SEARCH,
            required=False,
            allow_blank=True,
            help_text="An order's code, a buyer's address, or any id of Stripe's; finds unpaid orders too.",
        )

    @extend_schema(
        parameters=[Filter], responses=TransactionOutput(many=True), operation_id="admin_transactions"
    )
    def get(self, request: Request) -> Response:
        wanted = self.Filter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        filters = TransactionFilters(**{**given, "search": tidy(given.get("search", ""))})
        pages = CursorPagination()
        pages.ordering = ordering(filters)
        orders = pages.paginate_queryset(with_parts(find_transactions(filters)), request, view=self)
        rows = [TransactionRow(order) for order in orders]
        return pages.get_paginated_response(TransactionOutput(rows, many=True).data)
