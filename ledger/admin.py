"""The ledger in the Django admin: to be read only, as everywhere."""

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from accounts.admin import ReadOnly
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


class EntryInline(ReadOnly, TabularInline):
    model = LedgerEntry
    fields = ["account", "debit", "credit"]
    readonly_fields = ["account", "debit", "credit"]
    extra = 0

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).select_related("account")

    def debit(self, entry: LedgerEntry) -> str:
        return format_amount(entry.amount, entry.account.currency) if entry.amount > 0 else ""

    def credit(self, entry: LedgerEntry) -> str:
        return format_amount(-entry.amount, entry.account.currency) if entry.amount < 0 else ""


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnly, ModelAdmin):
    list_display = ["occurred_at", "kind", "source", "subject", "organization", "currency", "reverses"]
    list_filter = ["kind", "currency"]
    list_select_related = ["organization", "reverses"]
    search_fields = ["=source", "=subject", "=organization__slug"]
    date_hierarchy = "occurred_at"
    show_full_result_count = False
    inlines = [EntryInline]


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnly, ModelAdmin):
    list_display = ["code", "currency", "kind", "organization"]
    list_filter = ["kind", "currency"]
    list_select_related = ["organization"]
    search_fields = ["code", "organization__slug"]


@admin.register(LedgerSeal)
class LedgerSealAdmin(ReadOnly, ModelAdmin):
    list_display = ["sequence", "transaction", "hash", "sealed_at"]
    list_select_related = ["transaction"]
    search_fields = ["=sequence", "=hash"]
    show_full_result_count = False


@admin.register(LedgerCheckpoint)
class LedgerCheckpointAdmin(ReadOnly, ModelAdmin):
    list_display = ["account", "sequence", "amount"]
    list_select_related = ["account"]
    search_fields = ["=account__code"]
    show_full_result_count = False

    @admin.display(description="Balance")
    def amount(self, checkpoint: LedgerCheckpoint) -> str:
        return format_amount(checkpoint.balance, checkpoint.account.currency)


@admin.register(LedgerHead)
class LedgerHeadAdmin(ReadOnly, ModelAdmin):
    list_display = ["day", "sequence", "hash", "exported_at"]


@admin.register(LedgerMark)
class LedgerMarkAdmin(ReadOnly, ModelAdmin):
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
class LedgerViolationAdmin(ReadOnly, ModelAdmin):
    """What is broken now, and what was; a row is cleared by the verification that finds it whole."""

    list_display = ["code", "what", "subject", "detail", "first_seen_at", "last_seen_at", "cleared_at"]
    list_filter = [IsOpen, "code"]
    search_fields = ["=code", "subject"]
    ordering = [F("cleared_at").desc(nulls_first=True), "-first_seen_at"]

    @admin.display(description="What must be true")
    def what(self, violation: LedgerViolation) -> str:
        words = {each.code: each.what for each in all_invariants()}
        return words.get(violation.code, "A rule that is no longer checked.")
