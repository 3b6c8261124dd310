"""The API of Stripe Connect: accounts and links, payment status, fees. `organization` is a slug everywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import find_organization, require_platform_admin
from accounts.models import Organization, Role
from accounts.services.organizations import personal_organization
from connect.models import AccountState, FeeAbsorption, FeeTerms
from connect.selectors import default_absorption, get_terms, payment_status
from connect.services import accounts, terms
from connect.services.fees import rate_text
from maly.errors import Invalid, NotFound
from maly.money import CURRENCIES

DOLLARS = "usd"


def _chosen_organization(request: Request, slug: str | None) -> Organization:
    """The named organization, or the caller's personal one, made on first use; for OWNER and ADMIN."""
    slug = slug or personal_organization(request.user).slug
    return find_organization(request.user, slug, role=Role.ADMIN)


class OrganizationInput(serializers.Serializer[Any]):
    """Whose account: an organization's slug, by default the caller's personal organization's."""

    organization = serializers.CharField(required=False, max_length=60)


class CreateAccount(APIView):
    """POST /api/stripe/connect/create-account."""

    class Input(OrganizationInput):
        country = serializers.CharField(default="US", max_length=2)

    class Output(serializers.Serializer[Any]):
        class Account(serializers.Serializer[Any]):
            id = serializers.CharField(source="masked_id")
            charges_enabled = serializers.BooleanField()
            payouts_enabled = serializers.BooleanField()
            details_submitted = serializers.BooleanField()

        account = Account()
        onboarding_url = serializers.URLField()

    @extend_schema(request=Input, responses={201: Output}, operation_id="connect_create_account")
    def post(self, request: Request) -> Response:
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        organization = _chosen_organization(request, given.validated_data.get("organization"))
        country = given.validated_data["country"].upper()
        account, link = accounts.start_onboarding(organization, actor=request.user, country=country)
        answer = self.Output({"account": account, "onboarding_url": link.url})
        return Response(answer.data, status.HTTP_201_CREATED)


class CreateAccountLink(APIView):
    """POST /api/stripe/connect/create-account-link."""

    class Output(serializers.Serializer[Any]):
        url = serializers.URLField()
        expires_at = serializers.DateTimeField()

    @extend_schema(request=OrganizationInput, responses=Output, operation_id="connect_create_account_link")
    def post(self, request: Request) -> Response:
        given = OrganizationInput(data=request.data)
        given.is_valid(raise_exception=True)
        organization = _chosen_organization(request, given.validated_data.get("organization"))
        return Response(self.Output(accounts.create_onboarding_link(organization, actor=request.user)).data)


class CreateDashboardLink(APIView):
    """POST /api/stripe/connect/dashboard-link."""

    class Output(serializers.Serializer[Any]):
        url = serializers.URLField()

    @extend_schema(request=OrganizationInput, responses=Output, operation_id="connect_dashboard_link")
    def post(self, request: Request) -> Response:
        given = OrganizationInput(data=request.data)
        given.is_valid(raise_exception=True)
        organization = _chosen_organization(request, given.validated_data.get("organization"))
        url = accounts.create_dashboard_link(organization, actor=request.user)
        return Response(self.Output({"url": url}).data)


class ShowPaymentStatus(APIView):
    """GET /api/organizations/{slug}/payment-status."""

    class Output(serializers.Serializer[Any]):
        class Requirements(serializers.Serializer[Any]):
            currently_due = serializers.ListField(child=serializers.CharField())
            eventually_due = serializers.ListField(child=serializers.CharField())
            past_due = serializers.ListField(child=serializers.CharField())
            disabled_reason = serializers.CharField(allow_null=True)
            current_deadline = serializers.DateTimeField(allow_null=True)

        is_connected = serializers.BooleanField()
        account_id = serializers.CharField(allow_null=True, help_text="acct_ + first 4 + … + last 4.")
        charges_enabled = serializers.BooleanField()
        payouts_enabled = serializers.BooleanField()
        details_submitted = serializers.BooleanField()
        verified = serializers.BooleanField()
        state = serializers.ChoiceField(AccountState.choices)
        requirements = Requirements()

    @extend_schema(responses=Output, operation_id="organization_payment_status")
    def get(self, request: Request, slug: str) -> Response:
        organization = find_organization(request.user, slug, role=Role.ADMIN)
        return Response(self.Output(payment_status(organization)).data)


@extend_schema_field(OpenApiTypes.DATETIME)
class DateOrMoment(serializers.Field[Any, Any, Any, Any]):
    """A day (from midnight UTC) or a moment, in ISO 8601."""

    def to_internal_value(self, data: Any) -> datetime:
        try:
            if isinstance(data, str) and len(data) == len("2026-12-31"):
                return datetime.combine(date.fromisoformat(data), time(), UTC)
        except ValueError:
            raise serializers.ValidationError("Give a day such as 2026-12-31, or a moment.") from None
        return serializers.DateTimeField(default_timezone=UTC).to_internal_value(data)

    def to_representation(self, value: Any) -> Any:
        return serializers.DateTimeField().to_representation(value)


class Fees(APIView):
    """GET, PUT and DELETE /api/organizations/{slug}/fees; changing them is for platform admins only."""

    class Input(serializers.Serializer[Any]):
        platform_fee_percent = serializers.DecimalField(
            max_digits=6, decimal_places=3, min_value=Decimal(0), max_value=Decimal(100)
        )
        platform_fee_fixed = serializers.IntegerField(
            min_value=0, max_value=terms.LARGEST_FIXED_AMOUNT, help_text="Minor units, for each paid ticket."
        )
        currency = serializers.ChoiceField(sorted(CURRENCIES), default=DOLLARS)
        effective_date = DateOrMoment(required=False)
        reason = serializers.CharField(max_length=2000)

    class Removal(serializers.Serializer[Any]):
        currency = serializers.ChoiceField(sorted(CURRENCIES), default=DOLLARS)
        reason = serializers.CharField(default="Returned to the plan.", max_length=2000)

    class Output(serializers.Serializer[Any]):
        plan = serializers.CharField()
        platform_fee_percent = serializers.CharField(help_text='Such as "3.5".')
        platform_fee_fixed = serializers.IntegerField()
        currency = serializers.CharField()
        fee_absorption = serializers.ChoiceField(FeeAbsorption.choices)
        processing_paid_by = serializers.ChoiceField(FeeTerms.ProcessingPaidBy.choices)
        effective_date = serializers.DateTimeField()
        is_override = serializers.BooleanField()

    CURRENCY = OpenApiParameter("currency", str, description="ISO code in lower case, usd by default.")

    @extend_schema(responses=Output, parameters=[CURRENCY], operation_id="organization_fees")
    def get(self, request: Request, slug: str) -> Response:
        organization = find_organization(request.user, slug, role=Role.ADMIN)
        return self._answer(organization, request.query_params.get("currency", DOLLARS))

    @extend_schema(request=Input, responses=Output, operation_id="organization_fees_override")
    def put(self, request: Request, slug: str) -> Response:
        organization = self._any_organization(request, slug)
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        rate = given.validated_data
        with named_as_here():
            terms.set_override(
                organization,
                percent=rate["platform_fee_percent"],
                fixed_amount=rate["platform_fee_fixed"],
                currency=rate["currency"],
                effective_from=rate.get("effective_date"),
                actor=request.user,
                reason=rate["reason"],
            )
        return self._answer(organization, rate["currency"])

    @extend_schema(request=Removal, responses=Output, operation_id="organization_fees_return_to_plan")
    def delete(self, request: Request, slug: str) -> Response:
        organization = self._any_organization(request, slug)
        given = self.Removal(data=request.data or {})
        given.is_valid(raise_exception=True)
        terms.remove_override(organization, actor=request.user, **given.validated_data)
        return self._answer(organization, given.validated_data["currency"])

    def _any_organization(self, request: Request, slug: str) -> Organization:
        require_platform_admin(request.user)
        organization = Organization.objects.filter(slug=slug).first()
        if organization is None:
            raise NotFound
        return organization

    def _answer(self, organization: Organization, currency: str) -> Response:
        in_force = get_terms(organization, currency)
        answer = {
            "plan": in_force.plan_code,
            "platform_fee_percent": rate_text(in_force.percent),
            "platform_fee_fixed": in_force.fixed_amount,
            "currency": in_force.currency,
            "fee_absorption": default_absorption(organization),
            "processing_paid_by": in_force.processing_paid_by,
            "effective_date": in_force.effective_from,
            "is_override": in_force.is_override,
        }
        return Response(self.Output(answer).data)


class ChooseFeeAbsorption(APIView):
    """PUT /api/organizations/{slug}/fee-absorption."""

    class Body(serializers.Serializer[Any]):
        fee_absorption = serializers.ChoiceField(FeeAbsorption.choices)

    @extend_schema(request=Body, responses=Body, operation_id="organization_fee_absorption")
    def put(self, request: Request, slug: str) -> Response:
        organization = find_organization(request.user, slug, role=Role.ADMIN)
        given = self.Body(data=request.data)
        given.is_valid(raise_exception=True)
        chosen = terms.set_fee_absorption(organization, actor=request.user, **given.validated_data)
        return Response(self.Body(chosen).data)


class Disconnect(APIView):
    """POST /api/organizations/{slug}/disconnect."""

    class Input(serializers.Serializer[Any]):
        confirm = serializers.CharField(max_length=60, help_text="The organization's slug.")

    class Output(serializers.Serializer[Any]):
        is_connected = serializers.BooleanField()

    @extend_schema(request=Input, responses=Output, operation_id="organization_disconnect")
    def post(self, request: Request, slug: str) -> Response:
        organization = find_organization(request.user, slug, role=Role.OWNER)
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        accounts.disconnect(organization, actor=request.user, **given.validated_data)
        return Response(self.Output(payment_status(organization)).data)


@contextmanager
def named_as_here() -> Iterator[None]:
    """Errors of the service name its arguments; the API's fields have other names."""
    names = {
        "percent": "platform_fee_percent",
        "fixed_amount": "platform_fee_fixed",
        "effective_from": "effective_date",
    }
    try:
        yield
    except Invalid as error:
        error.attr = names.get(error.attr or "", error.attr)
        raise
