"""The API of Premium: a person's own subscription to the platform. Amounts are minor units beside `currency`."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import IdempotentMixin
from premium.access import find_subscription
from premium.models import PlanChange, Subscription
from premium.plans import PlanCode
from premium.services import changes, checkouts, lifecycle
from ticketing.api.base import ThrottledView


class PremiumView(ThrottledView):
    """A call that a signed-in person makes about their own Premium, and that asks Stripe."""

    permission_classes = [IsAuthenticated]
    throttle_scope = "checkout"


class PlanInput(serializers.Serializer[Any]):
    """Which plan is wanted."""

    plan = serializers.ChoiceField(PlanCode.choices)


class SubscriptionOutput(serializers.Serializer[Any]):
    """How somebody's subscription stands; all null for somebody who never had one."""

    status = serializers.ChoiceField(Subscription.Status.choices, allow_null=True)
    plan = serializers.ChoiceField(PlanCode.choices, allow_null=True)
    current_period_start = serializers.DateTimeField(allow_null=True)
    current_period_end = serializers.DateTimeField(allow_null=True)
    cancel_at_period_end = serializers.BooleanField()


class LinkOutput(serializers.Serializer[Any]):
    """An address of Stripe's, good for one visit."""

    url = serializers.URLField()


class CreateCheckout(IdempotentMixin, PremiumView):
    """POST /api/premium/create-checkout."""

    class Output(serializers.Serializer[Any]):
        session_id = serializers.CharField()
        url = serializers.URLField()

    @extend_schema(request=PlanInput, responses=Output, operation_id="premium_create_checkout")
    def post(self, request: Request) -> Response:
        given = PlanInput(data=request.data)
        given.is_valid(raise_exception=True)
        checkout = checkouts.start_checkout(request.user, plan=given.validated_data["plan"])
        return Response(self.Output(checkout).data)


class VerifyCheckout(PremiumView):
    """GET /api/premium/verify-checkout?session_id=…: whether a session is paid, read anew from Stripe."""

    throttle_scope = "lookup"

    class Input(serializers.Serializer[Any]):
        session_id = serializers.CharField(max_length=120)

    class Output(serializers.Serializer[Any]):
        is_premium = serializers.BooleanField()
        status = serializers.CharField(
            help_text="The subscription's; open or expired where nothing was paid."
        )
        plan = serializers.ChoiceField(PlanCode.choices)
        current_period_end = serializers.DateTimeField(allow_null=True)

    @extend_schema(
        parameters=[OpenApiParameter("session_id", str, required=True)],
        responses=Output,
        operation_id="premium_verify_checkout",
    )
    def get(self, request: Request) -> Response:
        given = self.Input(data=request.query_params)
        given.is_valid(raise_exception=True)
        return Response(self.Output(lifecycle.verify_checkout(request.user, **given.validated_data)).data)


class ShowSubscription(PremiumView):
    """GET /api/premium/subscription: the living one, else the one that ended last."""

    throttle_scope = "lookup"

    @extend_schema(responses=SubscriptionOutput, operation_id="premium_subscription")
    def get(self, request: Request) -> Response:
        return _answer(find_subscription(request.user))


class CreatePortalLink(PremiumView):
    """POST /api/premium/portal: Stripe's billing portal, where cards are changed."""

    @extend_schema(request=None, responses=LinkOutput, operation_id="premium_portal")
    def post(self, request: Request) -> Response:
        return Response(LinkOutput({"url": lifecycle.create_portal_link(request.user)}).data)


class Cancel(PremiumView):
    """POST /api/premium/cancel: it ends with the period that is paid."""

    @extend_schema(request=None, responses=SubscriptionOutput, operation_id="premium_cancel")
    def post(self, request: Request) -> Response:
        return _answer(lifecycle.cancel_at_period_end(request.user))


class Resume(PremiumView):
    """POST /api/premium/resume: what was to end goes on."""

    @extend_schema(request=None, responses=SubscriptionOutput, operation_id="premium_resume")
    def post(self, request: Request) -> Response:
        return _answer(lifecycle.resume(request.user))


class PreviewSwitch(PremiumView):
    """POST /api/premium/switch/preview: what another plan would charge now. Nothing changes."""

    class Output(serializers.Serializer[PlanChange]):
        class Line(serializers.Serializer[Any]):
            description = serializers.CharField()
            amount = serializers.IntegerField(help_text="Below 0: time that is paid and not used.")

        offer = serializers.CharField(source="token", help_text="Names this offer for 15 minutes.")
        plan = serializers.ChoiceField(PlanCode.choices, source="to_plan")
        amount = serializers.IntegerField(help_text="Charged at once.")
        credit_amount = serializers.IntegerField(help_text="Left for payments to come.")
        currency = serializers.CharField()
        lines = Line(many=True)
        renews_at = serializers.DateTimeField(allow_null=True)

    @extend_schema(request=PlanInput, responses=Output, operation_id="premium_switch_preview")
    def post(self, request: Request) -> Response:
        given = PlanInput(data=request.data)
        given.is_valid(raise_exception=True)
        change = changes.offer_change(request.user, plan=given.validated_data["plan"])
        return Response(self.Output(change).data)


class Switch(IdempotentMixin, PremiumView):
    """POST /api/premium/switch: takes an offer; what it showed is what is charged."""

    class Input(serializers.Serializer[Any]):
        offer = serializers.CharField(max_length=40)

    @extend_schema(request=Input, responses=SubscriptionOutput, operation_id="premium_switch")
    def post(self, request: Request) -> Response:
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        changes.take_change(request.user, given.validated_data["offer"])
        return _answer(find_subscription(request.user))


def _answer(subscription: Subscription | None) -> Response:
    answer = {
        "status": subscription and subscription.status,
        "plan": subscription and subscription.subscription_type,
        "current_period_start": subscription and subscription.current_period_start,
        "current_period_end": subscription and subscription.current_period_end,
        "cancel_at_period_end": bool(subscription and subscription.cancel_at_period_end),
    }
    return Response(SubscriptionOutput(answer).data)
