"""GET /api/admin/stats and /api/admin/revenue: what the platform earned, by currency and never added up across."""

from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from adminpanel.access import IsPlatformAdmin
from adminpanel.forms.revenue import check_range
from adminpanel.selectors.periods import Range, Step, this_month, today
from adminpanel.selectors.revenue import daily_revenue, fold_revenue
from adminpanel.selectors.stats import read_stats


class ShowStats(APIView):
    """GET /api/admin/stats."""

    permission_classes = [IsPlatformAdmin]

    class Output(serializers.Serializer[Any]):
        class CurrencyStats(serializers.Serializer[Any]):
            currency = serializers.CharField()
            total_revenue = serializers.IntegerField(
                help_text="Platform fees ever collected, less those given back with refunds; minor units."
            )
            total_gmv = serializers.IntegerField(help_text="What buyers ever paid, before refunds.")
            revenue_this_month = serializers.IntegerField(help_text="Platform fees of this month so far.")
            revenue_last_month = serializers.IntegerField(
                help_text="Platform fees of the same days of the month before."
            )
            growth_percent = serializers.DecimalField(
                max_digits=None,
                decimal_places=1,
                coerce_to_string=False,
                allow_null=True,
                help_text="This month so far against the same days of the last; null where those had none.",
            )

        currencies = CurrencyStats(many=True)
        total_organizations = serializers.IntegerField()
        connected_organizations = serializers.IntegerField(help_text="With a verified Stripe account.")
        total_tickets_sold = serializers.IntegerField(help_text="Sold and not given back to the stock.")
        total_events = serializers.IntegerField()

    @extend_schema(responses=Output, operation_id="admin_stats")
    def get(self, request: Request) -> Response:  # noqa: ARG002
        return Response(self.Output(read_stats()).data)


class Revenue(APIView):
    """GET /api/admin/revenue?period=daily|weekly|monthly&date_from=&date_to=: by the platform's own days."""

    permission_classes = [IsPlatformAdmin]

    class Filter(serializers.Serializer[Any]):
        period = serializers.ChoiceField(Step.choices, default=Step.DAILY)
        date_from = serializers.DateField(required=False, help_text="Default: the first of this month.")
        date_to = serializers.DateField(required=False, help_text="Part of it; default: today.")

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            usual = this_month(today())
            until = attrs.setdefault("date_to", usual.until)
            attrs.setdefault("date_from", min(usual.since, until))
            try:
                check_range(Range(attrs["date_from"], attrs["date_to"]), attrs["period"])
            except ValidationError as error:
                raise serializers.ValidationError(error.message_dict) from None
            return attrs

    class Output(serializers.Serializer[Any]):
        class Row(serializers.Serializer[Any]):
            period_start = serializers.DateField(help_text="The day, the Monday or the first of the month.")
            currency = serializers.CharField()
            order_count = serializers.IntegerField(
                help_text="Orders that were paid; free ones move no money."
            )
            gmv = serializers.IntegerField(help_text="What buyers paid, before refunds; minor units.")
            platform_fees = serializers.IntegerField(help_text="After those given back with refunds.")
            stripe_fees = serializers.IntegerField()
            refunds = serializers.IntegerField(help_text="What buyers got back.")
            net = serializers.IntegerField(
                help_text="What the platform kept: its fees, recovered processing and Premium, less Stripe's "
                "fees, fees of disputes and losses."
            )
            organizer_revenue = serializers.IntegerField(
                help_text="What sales left to organizers, after refunds."
            )

        period = serializers.ChoiceField(Step.choices)
        date_from = serializers.DateField()
        date_to = serializers.DateField()
        time_zone = serializers.CharField(help_text="In which the days begin.")
        next = serializers.CharField(allow_null=True, help_text="Always null: a report is one page.")
        previous = serializers.CharField(allow_null=True)
        results = Row(many=True)

    @extend_schema(parameters=[Filter], responses=Output, operation_id="admin_revenue")
    def get(self, request: Request) -> Response:
        wanted = self.Filter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        days = Range(given["date_from"], given["date_to"])
        rows = fold_revenue(daily_revenue(days), given["period"])
        answer = {
            **given,
            "time_zone": settings.PLATFORM_TIME_ZONE,
            "next": None,
            "previous": None,
            "results": [_row(*key, figures) for key, figures in sorted(rows.items())],
        }
        return Response(self.Output(answer).data)


def _row(start: date, currency: str, figures: Any) -> dict[str, Any]:
    return {"period_start": start, "currency": currency, **vars(figures)}
