"""The addresses of the pages beside one: of lists that are read by key, and of those with numbered pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.functional import Promise

PAGE_SIZE = 50  # of numbered pages


class PageByKey:
    """A page of a list without numbers; `newer` and `older` name its edges where there is more."""

    filters: Any
    newer: str
    older: str

    @property
    def newer_query(self) -> str:
        return self.filters.query(after=self.newer) if self.newer else ""

    @property
    def older_query(self) -> str:
        return self.filters.query(before=self.older) if self.older else ""


@dataclass(frozen=True)
class Tab:
    """One tab with how many rows it has."""

    key: str
    label: Promise
    count: int
    is_current: bool


class NumberedPage:
    """Page `number` of a tab's `count` rows."""

    rows: Sequence[Any]
    tab: str
    number: int
    count: int

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def earlier_query(self) -> str:
        return urlencode({"tab": self.tab, "page": self.number - 1}) if self.number > 1 else ""

    @property
    def later_query(self) -> str:
        return urlencode({"tab": self.tab, "page": self.number + 1}) if self.last < self.count else ""
