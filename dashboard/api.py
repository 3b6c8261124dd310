"""The API's view of the caller: who they are, and the organizations that they work in."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Entitlement, Membership, Organization, Role
from connect.selectors import payment_status, plan_codes
from maly.api import CursorPagination

PREMIUM = "premium"


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
        entitled = Entitlement.objects.filter(user=user, kind=PREMIUM, until__gt=timezone.now())
        answer = {
            "email": user.email,
            "name": user.name,
            "is_platform_admin": user.is_platform_admin,
            "is_premium": entitled.exists(),
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
