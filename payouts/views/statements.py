"""The organizer's pages of statements: which months there are, and one of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import find_current_membership
from accounts.models import Role
from accounts.navigation import navigation
from maly.errors import NotFound
from payouts.downloads import send_csv, send_pdf
from payouts.services.statements import (
    Item,
    Section,
    Statement,
    Totals,
    add_up,
    list_months,
    read_statements,
)

# A page of thousands of rows serves nobody; the files have them all.
SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class SectionPart:
    """A section of a statement: its sums over everything, and its first movements."""

    section: Section
    items: list[Item]
    count: int
    totals: Totals

    @property
    def is_cut(self) -> bool:
        return self.count > len(self.items)


@dataclass(frozen=True, kw_only=True)
class StatementPart:
    """A statement as its page shows it. `last_day` is the month's, and `owes` says whether anything is owed."""

    statement: Statement
    sections: list[SectionPart]

    @property
    def last_day(self) -> datetime:
        return self.statement.end - timedelta(days=1)

    @property
    def owes(self) -> bool:
        return bool(self.statement.owed_opening or self.statement.owed_closing)


@never_cache
@require_safe
def statement_list(request: HttpRequest) -> HttpResponse:
    """Every month that has a statement."""
    try:
        membership = find_current_membership(request, role=Role.ADMIN)
    except NotFound:  # in no organization yet: the first page says how to begin
        return redirect("dashboard:home")
    months = [
        (datetime.fromisoformat(f"{one.month}-01").replace(tzinfo=UTC), one)
        for one in list_months(membership.organization)
    ]
    context = {"membership": membership, "months": months, **navigation(request, membership)}
    return render(request, "payouts/statements.html", context)


@never_cache
@require_safe
def statement(request: HttpRequest, month: str) -> HttpResponse:
    """A month: what there was, what moved, what there is."""
    membership = find_current_membership(request, role=Role.ADMIN)
    parts = [_part(one) for one in read_statements(membership.organization, month)]
    context = {"membership": membership, "parts": parts, **navigation(request, membership)}
    return render(request, "payouts/statement.html", {**context, "statement": parts[0].statement})


@require_safe
def statement_csv(request: HttpRequest, month: str) -> HttpResponse:
    """A month as CSV."""
    membership = find_current_membership(request, role=Role.ADMIN)
    return send_csv(read_statements(membership.organization, month))


@require_safe
def statement_pdf(request: HttpRequest, month: str) -> HttpResponse:
    """A month as PDF."""
    membership = find_current_membership(request, role=Role.ADMIN)
    return send_pdf(read_statements(membership.organization, month))


def _part(statement: Statement) -> StatementPart:
    sections = [
        SectionPart(section=section, items=items[:SHOWN], count=len(items), totals=add_up(items))
        for section, items in statement.sections()
    ]
    return StatementPart(statement=statement, sections=sections)
