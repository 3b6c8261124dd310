"""The API of payouts: balance, schedule, payouts with their lines, and one asked for by hand."""

from dataclasses import asdict
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import IdempotentMixin
from connect.stripe_objects import PayoutSchedule
from maly.api import CursorPagination
from maly.money import CURRENCIES
from payouts import access
from payouts.models import OrganizerPayout, PayoutLine, PayoutStatus
from payouts.services.balances import read_balance
from payouts.services.holding import read_held
from payouts.services.requests import request_payout
from payouts.services.schedules import DAYS_OF_MONTH, INTERVALS, WEEKDAYS, read_schedule, set_schedule
from payouts.wording.failures import failure_in_words

LARGEST_AMOUNT = 10**12 - 1  # Stripe takes at most twelve digits.


class PayoutOutput(serializers.Serializer[Any]):
    """A payout as lists show it."""

    id = serializers.CharField(source="stripe_payout_id")
    amount = serializers.IntegerField(help_text="Minor units; below 0 it was taken from the bank.")
    currency = serializers.CharField()
    status = serializers.ChoiceField(PayoutStatus.choices)
    arrival_date = serializers.DateTimeField()
    failure_code = serializers.SerializerMethodField()
    failure_message = serializers.SerializerMethodField(help_text="Why it failed, and what to do.")
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_failure_code(self, payout: OrganizerPayout) -> str | None:
        return payout.failure_code or None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_failure_message(self, payout: OrganizerPayout) -> str | None:
        return failure_in_words(payout.failure_code) if payout.status == PayoutStatus.FAILED else None


class LineOutput(serializers.Serializer[Any]):
    """A movement of the balance that the payout is made of."""

    type = serializers.CharField(help_text="Stripe's type of balance transaction, such as payment.")
    order = serializers.CharField(source="order.code", allow_null=True, default=None)
    dispute = serializers.CharField(
        source="dispute.stripe_dispute_id",
        allow_null=True,
        default=None,
        help_text="Which dispute took it, or gave it back once it was won.",
    )
    description = serializers.CharField()
    amount = serializers.IntegerField()
    fee = serializers.IntegerField(source="fee_amount")
    net = serializers.IntegerField(source="net_amount")
    currency = serializers.CharField()
    allocated = serializers.BooleanField(
        help_text="True where Stripe doesn't itemise and the line is our own allocation."
    )
    balance_transaction = serializers.CharField(source="balance_transaction_id")
    created_at = serializers.DateTimeField(source="occurred_at")


class ShowBalance(APIView):
    """GET /api/organizations/{slug}/balance."""

    class Output(serializers.Serializer[Any]):
        class Money(serializers.Serializer[Any]):
            amount = serializers.IntegerField(help_text="Minor units; below 0 it is owed to Stripe.")
            currency = serializers.CharField()

        available = Money(many=True)
        pending = Money(many=True)
        as_of = serializers.DateTimeField()

    @extend_schema(responses=Output, operation_id="organization_balance")
    def get(self, request: Request, slug: str) -> Response:
        organization = access.find_payee(request.user, slug)
        return Response(self.Output(read_balance(organization)).data)


class HeldOutput(serializers.Serializer[Any]):
    """How long an organization's money is held, and what is released next."""

    class Release(serializers.Serializer[Any]):
        event = serializers.CharField(source="slug")
        amount = serializers.IntegerField(help_text="As it looks today; minor units.")
        currency = serializers.CharField()
        on = serializers.DateTimeField()

    until = serializers.DateTimeField(allow_null=True, help_text="When the next money is released.")
    days_after_event = serializers.IntegerField()
    next_release = Release(many=True)


class Schedule(APIView):
    """GET and PUT /api/organizations/{slug}/payout-schedule."""

    class Input(serializers.Serializer[Any]):
        interval = serializers.ChoiceField(INTERVALS)
        weekly_anchor = serializers.ChoiceField(
            WEEKDAYS, required=False, allow_null=True, help_text="With weekly only."
        )
        monthly_anchor = serializers.IntegerField(
            min_value=DAYS_OF_MONTH[0],
            max_value=DAYS_OF_MONTH[-1],
            required=False,
            allow_null=True,
            help_text="With monthly only; in shorter months the last day.",
        )

    class Output(serializers.Serializer[Any]):
        interval = serializers.CharField()
        weekly_anchor = serializers.CharField(allow_null=True)
        monthly_anchor = serializers.IntegerField(allow_null=True)

    class HeldOutput(Output):
        held = HeldOutput(allow_null=True, help_text="While payouts wait until after the events.")

    @extend_schema(responses=HeldOutput, operation_id="organization_payout_schedule")
    def get(self, request: Request, slug: str) -> Response:
        organization = access.find_payee(request.user, slug)
        schedule = asdict(read_schedule(organization))
        return Response(self.HeldOutput({**schedule, "held": read_held(organization)}).data)

    @extend_schema(request=Input, responses=Output, operation_id="organization_payout_schedule_set")
    def put(self, request: Request, slug: str) -> Response:
        organization = access.find_payee(request.user, slug)
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        schedule = PayoutSchedule(**given.validated_data)
        return Response(self.Output(set_schedule(organization, schedule=schedule, actor=request.user)).data)


class PayoutPages(CursorPagination):
    ordering = ("-created_at", "-id")


class Payouts(IdempotentMixin, APIView):
    """GET and POST /api/organizations/{slug}/payouts."""

    class Filter(serializers.Serializer[Any]):
        status = serializers.ChoiceField(PayoutStatus.choices, required=False, allow_blank=True)

    class Input(serializers.Serializer[Any]):
        amount = serializers.IntegerField(
            min_value=1,
            max_value=LARGEST_AMOUNT,
            required=False,
            help_text="All that is available if left out.",
        )
        currency = serializers.ChoiceField(sorted(CURRENCIES))

    @extend_schema(
        parameters=[Filter], responses=PayoutOutput(many=True), operation_id="organization_payouts"
    )
    def get(self, request: Request, slug: str) -> Response:
        organization = access.find_payee(request.user, slug)
        wanted = self.Filter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        found = organization.payouts.all()
        if wanted.validated_data.get("status"):
            found = found.filter(status=wanted.validated_data["status"])
        pages = PayoutPages()
        rows = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(PayoutOutput(rows, many=True).data)

    @extend_schema(request=Input, responses={201: PayoutOutput}, operation_id="organization_payout_create")
    def post(self, request: Request, slug: str) -> Response:
        organization = access.find_payee(request.user, slug)
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        payout = request_payout(
            organization, actor=request.user, idempotency=self.idempotency, **given.validated_data
        )
        return Response(PayoutOutput(payout).data, status.HTTP_201_CREATED)


class ShowPayout(APIView):
    """GET /api/organizations/{slug}/payouts/{id}."""

    class Output(PayoutOutput):
        automatic = serializers.BooleanField()
        lines = LineOutput(many=True)

    @extend_schema(responses=Output, operation_id="organization_payout")
    def get(self, request: Request, slug: str, payout_id: str) -> Response:
        payout = access.find_payout(request.user, slug, payout_id)
        lines = PayoutLine.objects.select_related("order", "dispute")
        prefetch_related_objects([payout], Prefetch("lines", lines))
        return Response(self.Output(payout).data)
