"""What the ticketing views share: who is counted by a throttle, and the checkout's input."""

from typing import Any

from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from maly.throttling import address, throttle
from ticketing.services.offers import LONGEST_NAME, Item

MOST_LINES = 50
MOST_NAMES = 1000
LARGEST_NUMBER = 2**31 - 1


class ThrottledView(APIView):
    """A view that anyone may call, so often (settings.THROTTLES) by user, or by address for a guest."""

    permission_classes = [AllowAny]
    throttle_scope = ""

    def check_throttles(self, request: Request) -> None:
        caller = f"user:{request.user.pk}" if request.user.is_authenticated else address(request)
        throttle(self.throttle_scope, caller)


class ItemSerializer(serializers.Serializer[Any]):
    """So many tickets of a type; how many are allowed is the ticket type's to say."""

    ticket_type = serializers.CharField(max_length=10)
    quantity = serializers.IntegerField(min_value=-LARGEST_NUMBER, max_value=LARGEST_NUMBER)
    attendee_names = serializers.ListField(
        child=serializers.CharField(allow_blank=True, max_length=LONGEST_NAME),
        required=False,
        max_length=MOST_NAMES,
        help_text="One for each ticket, where the event asks for them; an empty one is the buyer's.",
    )


class CartSerializer(serializers.Serializer[Any]):
    """What somebody wants to buy."""

    event = serializers.CharField(max_length=80)
    items = ItemSerializer(many=True, allow_empty=False, max_length=MOST_LINES)


def read_items(data: dict[str, Any]) -> list[Item]:
    return [
        Item(item["ticket_type"], item["quantity"], tuple(item.get("attendee_names", ())))
        for item in data["items"]
    ]
