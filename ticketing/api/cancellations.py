"""Cancelling an event: what it would cost, the act, and how far its refunds are."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import IdempotentMixin
from accounts.models import Role
from maly.errors import Forbidden, Invalid
from ticketing.access import find_event_for_member
from ticketing.api.events import answer_event
from ticketing.models import CancelledOrder, Event
from ticketing.selectors.cancellations import CancellationProgress, find_progress
from ticketing.serializers import EventSerializer
from ticketing.services.cancellation_preview import CancellationPreview, preview_cancellation
from ticketing.services.cancellations import LONGEST_REASON, cancel_event

FEE_IS_STAFFS = "Only the platform's staff choose whether the service fee goes back; leave it out."


class StuckOrderSerializer(serializers.Serializer[tuple[str, str]]):
    """An order that somebody has to look at, and why."""

    order = serializers.CharField(source="0")
    reason = serializers.CharField(source="1")


class PreviewSerializer(serializers.Serializer[CancellationPreview]):
    """What cancelling would do now. The organizer's funds are null while Stripe can't be asked."""

    orders = serializers.IntegerField()
    tickets = serializers.IntegerField()
    refunded_orders = serializers.IntegerField()
    free_orders = serializers.IntegerField()
    unpaid_orders = serializers.IntegerField()
    disputed_orders = serializers.IntegerField()
    disputed_amount = serializers.IntegerField()
    buyers_get_amount = serializers.IntegerField()
    from_organizer_amount = serializers.IntegerField()
    from_platform_amount = serializers.IntegerField()
    organizer_funds_amount = serializers.IntegerField(allow_null=True)
    platform_fronts_amount = serializers.IntegerField(allow_null=True)
    stripe_fee_amount = serializers.IntegerField(help_text="Stripe's own fees, which aren't returned.")


class ProgressSerializer(serializers.Serializer[CancellationProgress]):
    """How far a cancelled event's refunds are; `state` is not_cancelled with a preview before."""

    state = serializers.CharField()
    currency = serializers.CharField()
    reason = serializers.CharField()
    orders_total = serializers.IntegerField()
    orders_done = serializers.IntegerField()
    left = serializers.IntegerField()
    disputed = serializers.IntegerField()
    refunded_amount = serializers.IntegerField()
    needs_staff = StuckOrderSerializer(many=True)
    preview = PreviewSerializer(allow_null=True, default=None)


class CancelledEventSerializer(EventSerializer):
    """The event, and how far its refunds are."""

    cancellation = ProgressSerializer()


class CancellationView(APIView):
    """GET /api/events/{slug}/cancellation, for OWNER and ADMIN: the preview before, the progress after."""

    @extend_schema(responses=ProgressSerializer)
    def get(self, request: Request, slug: str) -> Response:
        event = find_event_for_member(request.user, slug, Role.ADMIN)
        return Response(show_progress(event))


class EventCancelView(IdempotentMixin, APIView):
    """POST /api/events/{slug}/cancel, for OWNER and ADMIN. `confirm`, if given, is the event's slug or title."""

    class InputSerializer(serializers.Serializer[Any]):
        reason = serializers.CharField(
            max_length=LONGEST_REASON, required=False, allow_blank=True, default=""
        )
        confirm = serializers.CharField(max_length=120, required=False)
        refund_application_fee = serializers.BooleanField(required=False, allow_null=True, default=None)

    @extend_schema(request=InputSerializer, responses=CancelledEventSerializer)
    def post(self, request: Request, slug: str) -> Response:
        event = find_event_for_member(request.user, slug, Role.ADMIN)
        data = self.InputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        wish = data.validated_data
        if wish.get("confirm", event.slug) not in (event.slug, event.title):
            raise Invalid(_("Write %(slug)s to confirm.") % {"slug": event.slug}, attr="confirm")
        gives_fee_back = wish["refund_application_fee"]
        if gives_fee_back is not None and not request.user.is_platform_admin:
            raise Forbidden(FEE_IS_STAFFS)
        event = cancel_event(event, actor=request.user, reason=wish["reason"], gives_fee_back=gives_fee_back)
        return Response({**answer_event(event), "cancellation": show_progress(event)})


def show_progress(event: Event) -> dict[str, Any]:
    """The progress of a cancelled event; of any other what cancelling would do."""
    progress = find_progress(event)
    if progress is not None:
        return dict(ProgressSerializer(progress).data)
    preview = preview_cancellation(event)
    empty = CancellationProgress(
        state="not_cancelled",
        currency=event.currency,
        reason="",
        counts={CancelledOrder.State.WAITING: preview.orders},
        refunded_amount=0,
        needs_staff=[],
    )
    return {**ProgressSerializer(empty).data, "preview": PreviewSerializer(preview).data}
