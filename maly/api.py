"""What every API view shares: the shape of errors, cursor pagination, the schema's error answers."""

from typing import Any

from django.http import Http404
from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_standardized_errors.handler import ExceptionHandler as StandardizedHandler
from drf_standardized_errors.handler import exception_handler
from rest_framework import pagination, serializers, status
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.response import Response

from maly.errors import MalyError

__all__ = ["AutoSchema", "CursorPagination", "ExceptionHandler", "exception_handler"]


class ServiceRefusal(APIException):
    """A MalyError on its way out: its status, its code, its words, and the field it is about."""

    def __init__(self, error: MalyError) -> None:
        self.status_code = error.status
        detail = ErrorDetail(error.detail, error.code)
        self.detail = {error.attr: [detail]} if error.attr else detail  # type: ignore[assignment]
        self.wait = getattr(error, "retry_after", None)


class ExceptionHandler(StandardizedHandler):
    """Turns our own errors into DRF's; a missing object and a foreign one give the same answer."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, MalyError):
            if exc.attr and exc.status == 400:
                return serializers.ValidationError({exc.attr: [ErrorDetail(exc.detail, exc.code)]})
            exc.attr = None
            return ServiceRefusal(exc)
        if isinstance(exc, Http404):
            return super().convert_known_exceptions(Http404())
        return super().convert_known_exceptions(exc)


class CursorPagination(pagination.CursorPagination):
    """Pages by cursor, newest first: they cost the same however long the list grows."""

    ordering: Any = "-id"
    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100


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

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:  # type: ignore[override]
        bodies = super()._get_response_bodies(direction)
        if direction == "response":
            bodies.setdefault(
                "default", self._get_response_for_code(ErrorsSerializer, "default", direction=direction)
            )
        return bodies


def no_content() -> Response:
    """204, for what was done and has nothing to say."""
    return Response(status=status.HTTP_204_NO_CONTENT)
