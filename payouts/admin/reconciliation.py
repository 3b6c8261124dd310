"""Stripe against the books: what doesn't match, and what was imported and compared to find it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from accounts.admin import ReadOnly
from maly.errors import MalyError
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
        max_length=500, label="What is being done about it", help_text="Kept in the audit log."
    )


class ExplanationForm(NoteForm):
    """What a movement of no known kind was; on an organizer's balance it becomes the organizer's."""

    account = forms.ChoiceField(choices=list(EXPLAINED_AS.items()), label="What it was")


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
class MoneyExceptionAdmin(ReadOnly, ModelAdmin):
    list_display = ["kind", "about", "expected", "found", "books", "first_seen_at", "acknowledged_at", "note"]
    list_filter = [StateFilter, "kind", "currency"]
    list_select_related = ["acknowledged_by"]
    search_fields = ["subject", "ids"]
    ordering = ["-last_seen_at"]
    readonly_fields = ["linked_ids", "expected", "found"]
    exclude = ["ids", "expected_amount", "found_amount"]
    show_full_result_count = False
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

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or request.user.has_perm("payouts.change_moneyexception"))

    @admin.action(description="Acknowledge…", permissions=["decide"])
    def acknowledge_exceptions(
        self, request: HttpRequest, rows: QuerySet[MoneyException]
    ) -> HttpResponse | None:
        def decide(row: MoneyException, given: dict[str, Any]) -> None:
            acknowledge(row, actor=request.user, note=given["reason"])  # type: ignore[arg-type]

        chosen = rows.filter(cleared_at=None)
        return self._ask(request, chosen, "acknowledge_exceptions", NoteForm, decide)

    @admin.action(description="Explain…", permissions=["decide"])
    def explain_movements(self, request: HttpRequest, rows: QuerySet[MoneyException]) -> HttpResponse | None:
        def decide(row: MoneyException, given: dict[str, Any]) -> None:
            explain(row, account=given["account"], actor=request.user, reason=given["reason"])  # type: ignore[arg-type]

        chosen = rows.filter(cleared_at=None, kind=MoneyException.Kind.UNKNOWN)
        return self._ask(request, chosen, "explain_movements", ExplanationForm, decide)

    def _ask(
        self,
        request: HttpRequest,
        rows: QuerySet[MoneyException],
        action: str,
        form_class: type[forms.Form],
        decide: Callable[[MoneyException, dict[str, Any]], None],
    ) -> HttpResponse | None:
        """The page that asks what is so; once it is said, each of the rows decided by it."""
        if not rows.exists():
            self.message_user(request, "None of these can be decided that way.", messages.WARNING)
            return None
        form = form_class(request.POST if "decided" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": form_class.__doc__,
                "rows": rows,
                "form": form,
                "action": action,
            }
            return render(request, "payouts/admin/decide_exceptions.html", context)
        for row in rows:
            try:
                decide(row, form.cleaned_data)
            except MalyError as error:
                self.message_user(request, f"{row}: {error.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{row}: done.", messages.SUCCESS)
        return redirect(reverse("admin:payouts_moneyexception_changelist"))


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
class BalanceTransactionAdmin(ReadOnly, ModelAdmin):
    list_display = ["stripe_id", "books", "type", "source_id", "shown_net", "status", "created_at"]
    list_filter = ["type", "status", "currency"]
    search_fields = ["=stripe_id", "=source_id", "=transfer_id", "=reversal_id", "=books"]
    date_hierarchy = "created_at"
    show_full_result_count = False

    @admin.display(description="net")
    def shown_net(self, row: BalanceTransaction) -> str:
        return in_words(row.net_amount, row.currency)


@admin.register(BalanceComparison)
class BalanceComparisonAdmin(ReadOnly, ModelAdmin):
    list_display = ["books", "at_stripe", "in_ledger", "in_flight", "compared_at"]
    list_filter = ["currency"]
    search_fields = ["books"]

    @admin.display(description="Stripe says")
    def at_stripe(self, row: BalanceComparison) -> str:
        return in_words(row.stripe_amount, row.currency)

    @admin.display(description="ledger")
    def in_ledger(self, row: BalanceComparison) -> str:
        return in_words(row.ledger_amount, row.currency)

    @admin.display(description="in flight")
    def in_flight(self, row: BalanceComparison) -> str:
        return in_words(row.in_flight_amount, row.currency)


@admin.register(BalanceImport)
class BalanceImportAdmin(ReadOnly, ModelAdmin):
    list_display = ["__str__", "books", "complete_at", "unreachable_since", "error"]
    search_fields = ["account_id", "books"]


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnly, ModelAdmin):
    list_display = ["finished_at", "imported", "compared", "open_exceptions", "has_balances", "took"]

    @admin.display(description="took")
    def took(self, run: Reconciliation) -> str:
        return format_html("{} s", round((run.finished_at - run.started_at).total_seconds()))
