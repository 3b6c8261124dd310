"""The quote and the checkout (contract, Events and checkout). Amounts are minor units of `currency`."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import IdempotentMixin
from accounts.models import User
from maly.errors import Invalid
from ticketing.access import find_public_event
from ticketing.api.base import CartSerializer, ThrottledView, read_items
from ticketing.links import order_url
from ticketing.services import checkout
from ticketing.services.sales import fee_absorption_of


class ItemFeeSerializer(serializers.Serializer[Any]):
    """The platform fee of one ticket type in a breakdown."""

    ticket_type_name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = serializers.IntegerField()
    fee_per_ticket = serializers.IntegerField()
    fee_subtotal = serializers.IntegerField()


class BreakdownSerializer(serializers.Serializer[Any]):
    """The platform fee of an order, by ticket type."""

    platform_fee_percent = serializers.CharField()
    platform_fee_fixed = serializers.IntegerField()
    platform_fee_total = serializers.IntegerField()
    per_item_fees = ItemFeeSerializer(many=True)


class QuoteSerializer(serializers.Serializer[Any]):
    """What an order costs the buyer, and which fees it carries."""

    subtotal_amount = serializers.IntegerField()
    platform_fee = serializers.IntegerField()
    processing_fee = serializers.IntegerField()
    service_fee_amount = serializers.IntegerField()
    total_amount = serializers.IntegerField()
    currency = serializers.CharField()
    fee_absorption = serializers.CharField()
    fee_breakdown = BreakdownSerializer()


class QuoteView(ThrottledView):
    """POST /api/payments/quote: nothing is held."""

    throttle_scope = "lookup"

    @extend_schema(request=CartSerializer, responses=QuoteSerializer)
    def post(self, request: Request) -> Response:
        data = CartSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        event = find_public_event(data.validated_data["event"], request.user)
        quote = checkout.quote(event, read_items(data.validated_data))
        return Response(QuoteSerializer({**vars(quote), "fee_absorption": fee_absorption_of(event)}).data)


class CheckoutView(IdempotentMixin, ThrottledView):
    """POST /api/payments/create-checkout-session."""

    throttle_scope = "checkout"

    class InputSerializer(CartSerializer):
        email = serializers.EmailField(max_length=254, required=False)
        name = serializers.CharField(max_length=150, required=False)

    class OutputSerializer(QuoteSerializer):
        class OrderLinkSerializer(serializers.Serializer[Any]):
            code = serializers.CharField()
            key = serializers.CharField()
            url = serializers.URLField()

        order = OrderLinkSerializer()
        session_id = serializers.CharField(allow_null=True)
        url = serializers.URLField()
        expires_at = serializers.DateTimeField(allow_null=True)

    @extend_schema(request=InputSerializer, responses={201: OutputSerializer})
    def post(self, request: Request) -> Response:
        data = self.InputSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        user = request.user if request.user.is_authenticated else None
        email, name = read_buyer(data.validated_data, user)
        start = checkout.start_checkout(
            find_public_event(data.validated_data["event"], request.user),
            items=read_items(data.validated_data),
            email=email,
            name=name,
            user=user,
            idempotency=self.idempotency,
        )
        return Response(self.OutputSerializer(answer_start(start)).data, status.HTTP_201_CREATED)


def read_buyer(data: dict[str, Any], user: User | None) -> tuple[str, str]:
    """Email and name: what was sent, else the signed-in user's; a guest must send both. Raises Invalid."""
    email = data.get("email") or (user.email if user else "")
    name = data.get("name") or (user.name or user.get_short_name() if user else "")
    for attr, value in (("email", email), ("name", name)):
        if not value:
            raise Invalid(_("This field is required without an account."), attr=attr)
    return email, name


def answer_start(start: checkout.CheckoutStart) -> dict[str, Any]:
    """What was frozen, and where the buyer goes on."""
    order, payment = start.order, start.payment
    names = (
        "subtotal_amount",
        "service_fee_amount",
        "total_amount",
        "currency",
        "fee_absorption",
        "fee_breakdown",
    )
    return {name: getattr(order, name) for name in names} | {
        "platform_fee": order.platform_fee_amount,
        "processing_fee": order.processing_fee_amount,
        "order": {"code": order.code, "key": order.key, "url": order_url(order)},
        "session_id": payment.session_id if payment else None,
        "url": start.url,
        "expires_at": payment.expires_at if payment else None,
    }
