"""Stripe against the books: what doesn't match, and what was imported and compared to find it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import ReadOnly, StaffAdmin
from payouts import postings
from payouts.models import (
    BalanceComparison,
    BalanceImport,
    BalanceTransaction,
    MoneyException,
    Reconciliation,
)
from payouts.selectors.attention import count_attention, list_attention
from payouts.services.reconciliation.findings import acknowledge
from payouts.services.reconciliation.suspense import explain
from payouts.services.reconciliation.words import in_words

EXPLAINED_AS = {
    "expense:stripe_fees": "A fee of Stripe's",
    "expense:dispute_fees": "A fee for a dispute",
    "expense:refund_loss": "A loss of ours",
    "bank:platform": "Money from or to our own bank",
}
assert set(EXPLAINED_AS) == set(postings.EXPLANATIONS)


class NoteForm(forms.Form):
    """What staff say about a difference."""

    reason = forms.CharField(
        max_length=500,
        label="What is being done about it",
        help_text="Kept in the audit log.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


class ExplanationForm(NoteForm):
    """What a movement of no known kind was; on an organizer's balance it becomes the organizer's."""

    account = forms.ChoiceField(
        choices=list(EXPLAINED_AS.items()), label="What it was", widget=UnfoldAdminSelectWidget
    )


def tell(row: MoneyException) -> str:
    return f"{row.subject}: {row.words}"


class StateFilter(admin.SimpleListFilter):
    """Those that are open, unless somebody asks for others."""

    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        return [("new", "Open, not acknowledged"), ("cleared", "Cleared"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": "Open",
        }
        yield from list(super().choices(changelist))[1:]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[MoneyException]) -> QuerySet[MoneyException]:
        chosen = self.value()
        if chosen == "all":
            return queryset
        if chosen == "cleared":
            return queryset.exclude(cleared_at=None)
        found = queryset.filter(cleared_at=None)
        return found.filter(acknowledged_at=None) if chosen == "new" else found


@admin.register(MoneyException)
class MoneyExceptionAdmin(Acting, ReadOnly, StaffAdmin):
    list_display = ["kind", "about", "expected", "found", "books", "first_seen_at", "acknowledged_at", "note"]
    list_filter = [StateFilter, "kind"]
    list_select_related = ["acknowledged_by"]
    search_fields = ["subject", "ids"]
    ordering = ["-last_seen_at"]
    readonly_fields = ["linked_ids", "expected", "found"]
    exclude = ["ids", "expected_amount", "found_amount"]
    list_before_template = "payouts/admin/attention_link.html"
    actions = ["acknowledge_exceptions", "explain_movements"]

    @admin.display(description="about")
    def about(self, row: MoneyException) -> str:
        return row.subject.rpartition(":")[2]

    @admin.display(description="Stripe says")
    def expected(self, row: MoneyException) -> str:
        return "" if row.expected_amount is None else in_words(row.expected_amount, row.currency)

    @admin.display(description="found")
    def found(self, row: MoneyException) -> str:
        return "" if row.found_amount is None else in_words(row.found_amount, row.currency)

    @admin.display(description="ids")
    def linked_ids(self, row: MoneyException) -> SafeString:
        return format_html_join(" ", '<a href="{}">{}</a>', ((_address(each), each) for each in row.ids))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        counted = {"attention_count": count_attention(), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, counted)
        return response

    def get_urls(self) -> list[URLPattern]:
        waiting = path(
            "attention/", self.admin_site.admin_view(self.attention), name="payouts_moneyexception_attention"
        )
        return [waiting, *super().get_urls()]

    def attention(self, request: HttpRequest) -> HttpResponse:
        """Everything that waits for a person, whichever app it belongs to."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Needs attention",
            "groups": [group for group in list_attention() if group.count],
        }
        return render(request, "payouts/admin/attention.html", context)

    @confirmed(
        "Acknowledge",
        warning="Somebody knows of these differences and is at it. They stay until they are gone.",
        button="Acknowledge",
        permission="payouts.change_moneyexception",
        form=NoteForm,
        tell=tell,
    )
    def acknowledge_exceptions(self, request: HttpRequest, row: MoneyException, given: dict[str, Any]) -> str:
        if row.cleared_at is not None:
            return "is gone already."
        acknowledge(row, actor=request.user, note=given["reason"])
        return "done."

    @confirmed(
        "Explain",
        warning="Movements of no known kind are booked as what they were; on an organizer's balance they become the "
        "organizer's. Other differences are left alone.",
        button="Book it",
        permission="payouts.change_moneyexception",
        is_money=True,
        form=ExplanationForm,
        tell=tell,
    )
    def explain_movements(self, request: HttpRequest, row: MoneyException, given: dict[str, Any]) -> str:
        if row.cleared_at is not None or row.kind != MoneyException.Kind.UNKNOWN:
            return "can't be decided that way."
        explain(row, account=given["account"], actor=request.user, reason=given["reason"])
        return "done."


def _address(identifier: str) -> str:
    """Where the admin shows what an id names."""
    kind, _, pk = identifier.partition(":")
    if kind == "ledger":
        return reverse("admin:ledger_ledgertransaction_change", args=[pk])
    if identifier.startswith("po_"):
        page = "admin:payouts_organizerpayout_changelist"
    elif identifier.startswith("txn_"):
        page = "admin:payouts_balancetransaction_changelist"
    else:
        page = "admin:ledger_ledgertransaction_changelist"
    return f"{reverse(page)}?{urlencode({'q': identifier})}"


@admin.register(BalanceTransaction)
class BalanceTransactionAdmin(ReadOnly, StaffAdmin):
    list_display = ["stripe_id", "books", "type", "source_id", "net_amount", "status", "created_at"]
    ordering = ["-created_at", "-id"]
    sortable_by = ()
    found_by = ["source_id"]
    search_help_text = "Stripe id"

    def find(self, rows: QuerySet[Any], fields: Iterable[str], words: str) -> QuerySet[Any]:
        """Unique by account and id: with every account, that index finds a movement by its id."""
        if not words.strip().startswith("txn_"):
            return super().find(rows, fields, words)
        accounts = BalanceImport.objects.values("account_id")
        return rows.filter(account_id__in=accounts, stripe_id=words.strip())


@admin.register(BalanceComparison)
class BalanceComparisonAdmin(ReadOnly, StaffAdmin):
    list_display = ["books", "stripe_amount", "ledger_amount", "in_flight_amount", "compared_at"]
    search_fields = ["books"]


@admin.register(BalanceImport)
class BalanceImportAdmin(ReadOnly, StaffAdmin):
    list_display = ["__str__", "books", "complete_at", "unreachable_since", "error"]
    search_fields = ["account_id", "books"]


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnly, StaffAdmin):
    list_display = ["finished_at", "imported", "compared", "open_exceptions", "has_balances", "took"]

    @admin.display(description="took")
    def took(self, run: Reconciliation) -> str:
        return format_html("{} s", round((run.finished_at - run.started_at).total_seconds()))
