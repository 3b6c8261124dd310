"""What every API view shares: the shape of errors and cursor pagination."""

from typing import Any

from django.http import Http404
from drf_standardized_errors.handler import ExceptionHandler as StandardizedHandler
from drf_standardized_errors.handler import exception_handler
from rest_framework import pagination, serializers
from rest_framework.exceptions import APIException, ErrorDetail

from maly.errors import MalyError

__all__ = ["CursorPagination", "ExceptionHandler", "exception_handler"]


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
