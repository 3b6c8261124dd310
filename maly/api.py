"""What every API view shares: the shape of errors and cursor pagination."""

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from drf_standardized_errors.handler import ExceptionHandler as StandardizedHandler
from drf_standardized_errors.handler import exception_handler
from rest_framework import pagination, serializers
from rest_framework.exceptions import APIException, ErrorDetail, NotFound
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

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
    """Pages by cursor, newest first: they cost the same however long the list grows.

    A cursor has every field of the ordering of the row beside the page, so that rows of one second are told apart: an
    ordering goes one way and ends with what is unique.
    """

    ordering: Any = "-id"
    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100
    _before: list[str] | None = None
    _after: list[str] | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request, self.base_url = request, request.build_absolute_uri()
        self.ordering = self.get_ordering(request, queryset, view)
        is_backwards, beside = self._read_cursor(queryset)
        ordered = queryset.order_by(*self.ordering)
        queryset = ordered.reverse() if is_backwards else ordered
        if beside is not None:
            queryset = queryset.filter(self._beyond(beside, is_backwards=is_backwards))
        size = self.get_page_size(request) or self.page_size
        rows = list(queryset[: size + 1])
        more = len(rows) > size
        self.page = rows[:size][::-1] if is_backwards else rows[:size]
        if self.page and (more if is_backwards else beside is not None):
            self._before = self._position(self.page[0])
        if self.page and (more or is_backwards):
            self._after = self._position(self.page[-1])
        return self.page

    def get_next_link(self) -> str | None:
        return self._link([0, *self._after]) if self._after else None

    def get_previous_link(self) -> str | None:
        return self._link([1, *self._before]) if self._before else None

    def _names(self) -> list[str]:
        return [name.lstrip("-") for name in self.ordering]

    def _position(self, row: Any) -> list[str]:
        return [str(getattr(row, name)) for name in self._names()]

    def _link(self, cursor: list[Any]) -> str:
        encoded = b64encode(json.dumps(cursor).encode()).decode()
        return str(replace_query_param(str(self.base_url), self.cursor_query_param, encoded))

    def _read_cursor(self, queryset: QuerySet[Any]) -> tuple[bool, list[Any] | None]:
        """Whether it leads back, and the row beside the page. Raises NotFound for a cursor that isn't ours."""
        given = self.request.query_params.get(self.cursor_query_param)
        if given is None:
            return False, None
        fields = [queryset.model._meta.get_field(name) for name in self._names()]
        try:
            back, *texts = json.loads(b64decode(given, validate=True))
            values = [field.to_python(str(text)) for field, text in zip(fields, texts, strict=True)]
        except (TypeError, ValueError, RecursionError, ValidationError):
            raise NotFound(_("Invalid cursor")) from None
        if any(isinstance(value, datetime) and is_naive(value) for value in values):
            raise NotFound(_("Invalid cursor"))
        return back == 1, values

    def _beyond(self, beside: list[Any], *, is_backwards: bool) -> Q:
        """What comes after a row: by the first field in which the two differ."""
        compared = "lt" if self.ordering[0].startswith("-") != is_backwards else "gt"
        beyond, same = Q(), Q()
        for name, value in zip(self._names(), beside, strict=True):
            beyond |= same & Q(**{f"{name}__{compared}": value})
            same &= Q(**{name: value})
        # By itself, so that the index of the ordering is used for where the page begins.
        first = Q(**{f"{self._names()[0]}__{compared}e": beside[0]})
        return first & beyond
