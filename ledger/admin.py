"""The ledger in the Django admin: to be read only, as everywhere."""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import F, QuerySet
from django.http import HttpRequest

from accounts.admin.base import ReadOnly, StaffAdmin, TabularInline
from ledger.models import (
    LedgerAccount,
    LedgerCheckpoint,
    LedgerEntry,
    LedgerHead,
    LedgerMark,
    LedgerSeal,
    LedgerTransaction,
    LedgerViolation,
)
from ledger.registry import all_invariants
from maly.money import format_amount

# One step for each kind, from the one to the next, instead of reading every row.
KINDS = """
WITH RECURSIVE kinds AS (
    (SELECT kind FROM ledger_ledgertransaction ORDER BY kind LIMIT 1)
    UNION ALL
    SELECT (SELECT kind FROM ledger_ledgertransaction next WHERE next.kind > kinds.kind ORDER BY kind LIMIT 1)
    FROM kinds WHERE kinds.kind IS NOT NULL
)
SELECT kind FROM kinds WHERE kind IS NOT NULL
"""


def known_kinds() -> list[str]:
    """Every kind of movement that the ledger holds."""
    with connection.cursor() as cursor:
        cursor.execute(KINDS)
        return [kind for (kind,) in cursor.fetchall()]


class EntryInline(ReadOnly, TabularInline):
    model = LedgerEntry
    currency_at = "account.currency"
    fields = ["account", "debit", "credit"]
    readonly_fields = ["account", "debit", "credit"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("account")

    def debit(self, entry: LedgerEntry) -> str:
        return format_amount(entry.amount, entry.account.currency) if entry.amount > 0 else ""

    def credit(self, entry: LedgerEntry) -> str:
        return format_amount(-entry.amount, entry.account.currency) if entry.amount < 0 else ""


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnly, StaffAdmin):
    list_display = ["occurred_at", "kind", "source", "subject", "organization", "currency", "reverses"]
    list_select_related = ["organization", "reverses"]
    ordering = ["-occurred_at", "-id"]
    sortable_by = ()
    found_by = ["subject"]
    found_under = ["organization__slug"]
    search_help_text = "Stripe id, subject or organization's address"
    inlines = [EntryInline]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        found, has_doubles = super().get_search_results(request, queryset, search_term)
        source = search_term.strip()
        if not source:
            return found, has_doubles
        # Unique by kind and source: with every kind, that index finds what a source did.
        of_source = {"kind__in": known_kinds(), "source": source}
        keys = set(LedgerTransaction.objects.filter(**of_source).values_list("pk", flat=True))
        return (queryset.filter(pk__in=keys) if keys else found), False


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnly, StaffAdmin):
    list_display = ["code", "currency", "kind", "organization"]
    list_filter = ["kind"]
    list_select_related = ["organization"]
    search_fields = ["code", "organization__slug"]


@admin.register(LedgerSeal)
class LedgerSealAdmin(ReadOnly, StaffAdmin):
    list_display = ["sequence", "transaction", "hash", "sealed_at"]
    list_select_related = ["transaction"]
    ordering = ["-sequence"]
    sortable_by = ()
    found_by = ["sequence", "transaction__subject"]
    search_help_text = "Number in the chain, or subject"


@admin.register(LedgerCheckpoint)
class LedgerCheckpointAdmin(ReadOnly, StaffAdmin):
    list_display = ["account", "sequence", "amount"]
    list_select_related = ["account"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["account__code"]
    search_help_text = "Account's code"

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:  # noqa: ARG002
        code = search_term.strip()
        accounts = list(LedgerAccount.objects.filter(code=code).values_list("pk", flat=True))
        return (queryset.filter(account__in=accounts) if code else queryset), False

    @admin.display(description="Balance")
    def amount(self, checkpoint: LedgerCheckpoint) -> str:
        return format_amount(checkpoint.balance, checkpoint.account.currency)


@admin.register(LedgerHead)
class LedgerHeadAdmin(ReadOnly, StaffAdmin):
    list_display = ["day", "sequence", "hash", "exported_at"]


@admin.register(LedgerMark)
class LedgerMarkAdmin(ReadOnly, StaffAdmin):
    list_display = ["checked_at", "is_full", "sequence", "horizon"]


class IsOpen(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002
        return [("open", "Open"), ("cleared", "Cleared")]

    def queryset(
        self, request: HttpRequest, rows: QuerySet[LedgerViolation]
    ) -> QuerySet[LedgerViolation] | None:
        return rows if self.value() is None else rows.filter(cleared_at__isnull=self.value() == "open")


@admin.register(LedgerViolation)
class LedgerViolationAdmin(ReadOnly, StaffAdmin):
    """What is broken now, and what was; a row is cleared by the verification that finds it whole."""

    list_display = ["code", "what", "subject", "detail", "first_seen_at", "last_seen_at", "cleared_at"]
    list_filter = [IsOpen, "code"]
    search_fields = ["=code", "subject"]
    ordering = [F("cleared_at").desc(nulls_first=True), "-first_seen_at"]

    @admin.display(description="What must be true")
    def what(self, violation: LedgerViolation) -> str:
        words = {each.code: each.what for each in all_invariants()}
        return words.get(violation.code, "A rule that is no longer checked.")
