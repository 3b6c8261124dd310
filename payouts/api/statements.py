"""The API of statements: which months there are, and one as JSON, CSV or PDF."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from maly.money import CURRENCIES
from payouts import access
from payouts.downloads import send_csv, send_pdf
from payouts.services.statements import Section, list_months, read_statements

FORMATS = ("json", "csv", "pdf")


class FormatIsOurs(DefaultContentNegotiation):
    """Leaves `?format=` and the Accept header to the view, which also answers with files."""

    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class ItemOutput(serializers.Serializer[Any]):
    """One movement; `net` = `gross` + `fees` + `owed` is what it does to the balance."""

    occurred_at = serializers.DateTimeField()
    section = serializers.ChoiceField(Section.choices)
    kind = serializers.CharField()
    words = serializers.CharField()
    order = serializers.CharField(help_text="Its code; empty for what belongs to no order.")
    event = serializers.CharField()
    reference = serializers.CharField(help_text="Stripe's id.")
    gross = serializers.IntegerField(help_text="Minor units; what adds to the balance is above 0.")
    fees = serializers.IntegerField()
    owed = serializers.IntegerField(help_text="What the platform fronted, or took back since.")
    net = serializers.IntegerField()


class TotalsOutput(serializers.Serializer[Any]):
    """Sums of movements."""

    gross = serializers.IntegerField()
    fees = serializers.IntegerField()
    owed = serializers.IntegerField()
    net = serializers.IntegerField()


class StatementOutput(serializers.Serializer[Any]):
    """A month in one currency; months are those of UTC. `closing` = `opening` + `totals.net`."""

    month = serializers.CharField()
    currency = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    made_at = serializers.DateTimeField()
    is_complete = serializers.BooleanField()
    opening = serializers.IntegerField()
    closing = serializers.IntegerField()
    on_its_way = serializers.IntegerField(help_text="What of the closing balance has left for the bank.")
    owed_opening = serializers.IntegerField(help_text="What the organizer owed the platform.")
    owed_closing = serializers.IntegerField()
    totals = TotalsOutput()
    items = ItemOutput(many=True)


class Statements(APIView):
    """GET /api/organizations/{slug}/statements."""

    class Output(serializers.Serializer[Any]):
        class Month(serializers.Serializer[Any]):
            month = serializers.CharField(help_text="Such as 2026-11.")
            currencies = serializers.ListField(child=serializers.CharField())
            is_complete = serializers.BooleanField()

        results = Month(many=True)

    @extend_schema(responses=Output, operation_id="organization_statements")
    def get(self, request: Request, slug: str) -> Response:
        organization = access.find_payee(request.user, slug)
        return Response(self.Output({"results": list_months(organization)}).data)


class ShowStatement(APIView):
    """GET /api/organizations/{slug}/statements/{month}?format=json|csv|pdf&currency=."""

    content_negotiation_class = FormatIsOurs

    class Filter(serializers.Serializer[Any]):
        format = serializers.ChoiceField(FORMATS, required=False, default="json")
        currency = serializers.ChoiceField(sorted(CURRENCIES), required=False, default="", allow_blank=True)

    class Output(serializers.Serializer[Any]):
        statements = StatementOutput(many=True, help_text="One for each currency.")

    @extend_schema(
        parameters=[Filter],
        responses={
            (200, "application/json"): Output,
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/pdf"): OpenApiTypes.BINARY,
        },
        operation_id="organization_statement",
    )
    def get(self, request: Request, slug: str, month: str) -> Response | HttpResponse:
        organization = access.find_payee(request.user, slug)
        wanted = self.Filter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        found = read_statements(organization, month, currency=wanted.validated_data["currency"])
        if wanted.validated_data["format"] == "csv":
            return send_csv(found)
        if wanted.validated_data["format"] == "pdf":
            return send_pdf(found)
        return Response(self.Output({"statements": found}).data)
