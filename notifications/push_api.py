"""The API of web push: a browser asks to be told, or to be left alone."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from maly.throttling import address, throttle
from notifications.services.push import Browser, subscribe, unsubscribe


class PushSubscriptions(APIView):
    """POST and DELETE /api/push-subscriptions, from a page that was given a signed topic."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    class UnsubscribeSerializer(serializers.Serializer[Any]):
        topic = serializers.CharField(max_length=200, help_text="As the page was given it.")
        endpoint = serializers.CharField(max_length=1000)

    class SubscribeSerializer(UnsubscribeSerializer):
        p256dh = serializers.CharField(max_length=100, help_text="base64url")
        auth = serializers.CharField(max_length=30, help_text="base64url")

    @extend_schema(request=SubscribeSerializer, responses={204: None}, auth=[], operation_id="push_subscribe")
    def post(self, request: Request) -> Response:
        throttle("lookup", address(request))
        given = self.SubscribeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        topic = fields.pop("topic")
        subscribe(Browser(**fields), signed_topic=topic)
        return Response(status=204)

    @extend_schema(
        request=UnsubscribeSerializer, responses={204: None}, auth=[], operation_id="push_unsubscribe"
    )
    def delete(self, request: Request) -> Response:
        throttle("lookup", address(request))
        given = self.UnsubscribeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        unsubscribe(given.validated_data["endpoint"], signed_topic=given.validated_data["topic"])
        return Response(status=204)
