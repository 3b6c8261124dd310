"""The API of organizations for platform admins: the list, one of them, its plan and its flag."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Organization
from accounts.services.flags import LONGEST_REASON, flag_organization, unflag_organization
from adminpanel.access import IsPlatformAdmin
from adminpanel.api.fees import PlanInput
from adminpanel.api.transactions import TransactionOutput
from adminpanel.selectors.organization import find_organization
from adminpanel.selectors.organization_detail import OrganizationDetail, read_detail, stripe_status_of
from adminpanel.selectors.organizations import (
    OrganizationFilters,
    OrganizationRow,
    find_organizations,
    make_rows,
)
from connect.account_groups import AccountGroup
from connect.selectors import get_plan
from connect.services.terms import assign_plan
from maly.api import CursorPagination

STRIPE_STATUSES = [group for group in AccountGroup.choices if group[0] != AccountGroup.RESTRICTED.value]


class RateOutput(serializers.Serializer[Any]):
    """A rate: percent as text, such as "3.5", and minor units for each paid ticket."""

    platform_fee_percent = serializers.CharField()
    platform_fee_fixed = serializers.IntegerField()
    currency = serializers.CharField()


class ReasonInput(serializers.Serializer[Any]):
    """Why; kept in the audit log."""

    reason = serializers.CharField(max_length=LONGEST_REASON)


class ListOrganizations(APIView):
    """GET /api/admin/organizations?search=&stripe_status=, newest first."""

    permission_classes = [IsPlatformAdmin]

    class Filter(serializers.Serializer[Any]):
        search = serializers.CharField(max_length=100, required=False, allow_blank=True)
        stripe_status = serializers.ChoiceField(STRIPE_STATUSES, required=False, allow_blank=True)

    class Output(serializers.Serializer[Any]):
        class Sold(serializers.Serializer[Any]):
            currency = serializers.CharField()
            gmv = serializers.IntegerField(source="amount", help_text="Minor units, of the last 30 days.")
            order_count = serializers.IntegerField(source="orders")

        slug = serializers.CharField(source="organization.slug")
        name = serializers.CharField(source="organization.name")
        kind = serializers.CharField(source="organization.kind")
        owner = serializers.CharField(source="owner.email", allow_null=True, default=None)
        stripe_status = serializers.SerializerMethodField()
        state = serializers.CharField(help_text="As in payment-status.")
        is_flagged = serializers.BooleanField(source="organization.is_flagged")
        plan = serializers.CharField(source="terms.plan_code", allow_null=True, default=None)
        is_fee_override = serializers.BooleanField(source="terms.is_override", default=False)
        sold = Sold(many=True)
        disputes = serializers.IntegerField(help_text="Opened in the last 30 days.")
        created_at = serializers.DateTimeField(source="organization.created_at")

        @extend_schema_field(serializers.ChoiceField(STRIPE_STATUSES))
        def get_stripe_status(self, row: OrganizationRow) -> str:
            return stripe_status_of(row.state)

    @extend_schema(parameters=[Filter], responses=Output(many=True), operation_id="admin_organizations")
    def get(self, request: Request) -> Response:
        given = self.Filter(data=request.query_params)
        given.is_valid(raise_exception=True)
        search = " ".join(given.validated_data.get("search", "").split())
        found = find_organizations(OrganizationFilters(search=search))
        if status := given.validated_data.get("stripe_status"):
            found = found.filter(group__in=groups_of(status))
        pages = CursorPagination()
        rows = make_rows(pages.paginate_queryset(found, request, view=self))
        return pages.get_paginated_response(self.Output(rows, many=True).data)


class ShowOrganization(APIView):
    """GET /api/admin/organizations/{slug}."""

    permission_classes = [IsPlatformAdmin]

    class Output(serializers.Serializer[Any]):
        class Money(serializers.Serializer[Any]):
            currency = serializers.CharField()
            amount = serializers.IntegerField()

        slug = serializers.CharField(source="organization.slug")
        name = serializers.CharField(source="organization.name")
        stripe_status = serializers.ChoiceField(STRIPE_STATUSES)
        state = serializers.CharField(help_text="As in payment-status.")
        is_flagged = serializers.BooleanField(source="organization.is_flagged")
        flag_reason = serializers.CharField(source="organization.flag_reason")
        plan = serializers.CharField()
        total_revenue = Money(many=True, help_text="What buyers paid, by currency; minor units.")
        platform_fees_collected = Money(
            many=True, help_text="Platform fees less what went back with refunds; minor units."
        )
        total_tickets_sold = serializers.IntegerField(help_text="Less those that were given back.")
        total_events = serializers.IntegerField()
        fee_override = RateOutput(allow_null=True, help_text="Null: the plan's rate counts.")
        recent_transactions = TransactionOutput(many=True)

    @extend_schema(responses=Output, operation_id="admin_organization")
    def get(self, request: Request, slug: str) -> Response:  # noqa: ARG002
        detail: OrganizationDetail = read_detail(find_organization(slug))
        return Response(self.Output(detail).data)


class AssignPlan(APIView):
    """PUT /api/admin/organizations/{slug}/plan."""

    permission_classes = [IsPlatformAdmin]

    class Input(PlanInput, ReasonInput):
        pass

    class Output(serializers.Serializer[Any]):
        slug = serializers.CharField()
        plan = serializers.CharField()

    @extend_schema(request=Input, responses=Output, operation_id="admin_organization_plan")
    def put(self, request: Request, slug: str) -> Response:
        organization = find_organization(slug)
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        assign_plan(organization, actor=request.user, **given.validated_data)
        answer = {"slug": organization.slug, "plan": get_plan(organization).code}
        return Response(self.Output(answer).data)


class FlagOutput(serializers.ModelSerializer[Organization]):
    """Whether an organization may sell, as far as staff say."""

    is_flagged = serializers.BooleanField()

    class Meta:
        model = Organization
        fields = ["slug", "is_flagged", "flagged_at", "flag_reason"]


class Flag(APIView):
    """POST /api/admin/organizations/{slug}/flag: it sells nothing from now on."""

    permission_classes = [IsPlatformAdmin]
    Input = ReasonInput

    @extend_schema(request=ReasonInput, responses=FlagOutput, operation_id="admin_organization_flag")
    def post(self, request: Request, slug: str) -> Response:
        organization = find_organization(slug)
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        flag_organization(organization, actor=request.user, **given.validated_data)
        return Response(FlagOutput(find_organization(slug)).data)


class Unflag(APIView):
    """POST /api/admin/organizations/{slug}/unflag: it may sell again."""

    permission_classes = [IsPlatformAdmin]

    class Input(serializers.Serializer[Any]):
        reason = serializers.CharField(max_length=LONGEST_REASON, default="Unflagged by API.")

    @extend_schema(request=Input, responses=FlagOutput, operation_id="admin_organization_unflag")
    def post(self, request: Request, slug: str) -> Response:
        organization = find_organization(slug)
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        unflag_organization(organization, actor=request.user, **given.validated_data)
        return Response(FlagOutput(find_organization(slug)).data)


def groups_of(stripe_status: str) -> list[str]:
    """The groups behind one of the API's three words: what is restricted isn't connected yet, or no more."""
    if stripe_status == AccountGroup.PENDING:
        return [AccountGroup.PENDING, AccountGroup.RESTRICTED]
    return [stripe_status]
