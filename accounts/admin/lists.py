"""Lists that stay fast when a table has millions of rows: how they count, page and look things up."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Field, IntegerField, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList

COUNTED = 10_000
MOST_PAGES = 100
MOST_FOUND = 500
LARGEST_KEY = 2**63 - 1


class QuickPaginator(Paginator):
    """Counts no further than 10,000; above that it tells PostgreSQL's own estimate, and the first 100 pages."""

    template_name = "accounts/admin/pagination.html"

    @cached_property
    def count(self) -> int:
        counted: int = self.object_list.order_by()[: COUNTED + 1].count()
        if counted <= COUNTED:
            return counted
        return max(counted, estimate(self.object_list))

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, MOST_PAGES)

    @property
    def is_estimate(self) -> bool:
        return self.count > COUNTED


class StaffList(ChangeList):
    """Says how many rows were found only where something was looked for."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


def only(title: str, parameter: str, kept: dict[str, tuple[str, Q]]) -> type[admin.SimpleListFilter]:
    """A filter of the few states that an index finds in a table of millions: {value: (label, condition)}."""

    class Only(admin.SimpleListFilter):
        parameter_name = parameter

        def __init__(self, *args: Any) -> None:
            self.title = title
            super().__init__(*args)

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
            return [(value, label) for value, (label, _condition) in kept.items()]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
            chosen = kept.get(self.value() or "")
            return queryset.filter(chosen[1]) if chosen else queryset

    return Only


def estimate(rows: QuerySet[Any]) -> int:
    """How many rows PostgreSQL's planner expects, from its statistics."""
    plan = json.loads(rows.order_by().explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])


def find_exactly(rows: QuerySet[Any], paths: Iterable[str], words: str) -> QuerySet[Any]:
    """Those of the rows that bear exactly these words in one of the fields, in capitals, small letters or as given.

    Each field is looked up by its own index, in one statement of all of them: an OR over joins would read every row.
    """
    words = words.strip()
    if not words:
        return rows
    model: type[Model] = rows.model
    found = [_look_up(model, path, words) for path in paths]
    asked = [one for one in found if one is not None]
    if not asked:
        return rows.none()
    keys = asked[0].union(*asked[1:], all=True) if len(asked) > 1 else asked[0]
    return rows.filter(pk__in={key for (key,) in keys})


def find_under(rows: QuerySet[Any], paths: Iterable[str], words: str) -> QuerySet[Any] | None:
    """Every row that belongs to the object so named, such as event__slug; None when there is no such object."""
    for path in paths:
        relation, _, name = path.rpartition("__")
        model = rows.model._meta.get_field(relation).related_model
        assert isinstance(model, type), path
        found = (
            model._base_manager.filter(**{name: words.strip().lower()}).values_list("pk", flat=True).first()
        )
        if found is not None:
            return rows.filter(**{relation: found})
    return None


def _look_up(model: type[Model], path: str, words: str) -> QuerySet[Any] | None:
    """The keys of the newest rows whose field says so; None where it can't."""
    if isinstance(_field(model, path), IntegerField):
        if not words.isdecimal() or int(words) > LARGEST_KEY:
            return None
        wanted = {path: int(words)}
    else:
        wanted = {f"{path}__in": {words, words.lower(), words.upper()}}
    rows = model._base_manager.filter(**wanted).order_by("-pk")
    return rows.values_list("pk")[:MOST_FOUND]


def _field(model: type[Model], path: str) -> "Field[Any, Any]":
    """The field at the end of a path such as order__code."""
    *relations, last = path.split("__")
    for relation in relations:
        related = model._meta.get_field(relation).related_model
        assert isinstance(related, type), path
        model = related
    found = model._meta.pk if last == "pk" else model._meta.get_field(last)
    assert isinstance(found, Field), path
    return found
