"""The OpenAPI schema's answers for what goes wrong. Apart from `maly.api`, which DRF imports while it starts."""

from typing import Any

from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[Any]):
    """One error: a code for programs, words for people, and the field it is about."""

    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class ErrorsSerializer(serializers.Serializer[Any]):
    """The body of every answer that isn't a success."""

    type = serializers.ChoiceField(["validation_error", "client_error", "server_error"])
    errors = ErrorSerializer(many=True)


class AutoSchema(SpectacularAutoSchema):
    """Adds the error shape to every operation, so that clients can rely on it."""

    def get_serializer_name(self, serializer: Any, direction: str) -> str:  # noqa: ARG002
        """Serializers nested in their views are named by both: `CreateAccount.Input` is CreateAccountInput."""
        return type(serializer).__qualname__.replace("Serializer", "").replace(".", "")

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:  # type: ignore[override]
        bodies = super()._get_response_bodies(direction)
        if direction == "response":
            bodies.setdefault(
                "default", self._get_response_for_code(ErrorsSerializer, "default", direction=direction)
            )
        return bodies
