"""What every page of the Django admin shares: what may be changed, how lists stay fast, and amounts in words."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import IntegerField, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.admin import TabularInline as UnfoldTabularInline
from unfold.forms import PaginationInlineFormSet

from accounts.access import require_recent_sign_in
from accounts.admin.lists import QuickPaginator, StaffList, find_exactly, find_under
from accounts.models import AuditEntry, Organization
from accounts.services import audit
from maly.errors import MalyError
from maly.money import CURRENCIES, format_amount


def in_words(amount: int | None, currency: str) -> str:
    """An amount as people read it; Stripe may hold a currency that nothing here is sold in."""
    if amount is None:
        return ""
    return format_amount(amount, currency) if currency in CURRENCIES else f"{amount} {currency.upper()}"


class ReadOnly:
    """Refuses adding, changing and deleting, whatever the staff member's permissions."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Amounts:
    """Shows every field that holds minor units as an amount of its currency."""

    # Where a row finds its currency, such as order.currency.
    currency_at = "currency"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._shown: dict[str, str] = {}
        for field in self.model._meta.concrete_fields:
            if isinstance(field, IntegerField) and field.name.endswith("amount"):
                self._shown[field.name] = f"{field.name}_in_words"
                setattr(self, f"{field.name}_in_words", self._make(field.name, str(field.verbose_name)))

    def _make(self, name: str, title: str) -> Callable[[Any], str]:
        def show(row: Any) -> str:
            return in_words(getattr(row, name), self._currency_of(row))

        return admin.display(description=title.removesuffix(" amount"), ordering=name)(show)

    def _currency_of(self, row: Any) -> str:
        for name in self.currency_at.split("."):
            row = getattr(row, name)
        return str(row)

    def _currency_path(self) -> list[str]:
        """What to join so that a row's currency is there."""
        relation = self.currency_at.rpartition(".")[0]
        return [relation.replace(".", "__")] if relation else []

    def in_words(self, names: Sequence[Any]) -> list[Any]:
        """The names with those of amounts replaced by what shows them."""
        return [self._shown.get(name, name) if isinstance(name, str) else name for name in names]


class StaffAdmin(Amounts, ModelAdmin):
    """A page of the admin.

    `found_by` names the fields by which its rows are found exactly, each with an index; `found_under` names objects,
    such as event__slug, all of whose rows are found. `named_by` is what the page "Find" looks at instead of `found_by`.
    """

    found_by: tuple[str, ...] = ()
    found_under: tuple[str, ...] = ()
    named_by: tuple[str, ...] = ()
    paginator = QuickPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_disable_select_all = True
    list_per_page = 50
    list_max_show_all = 0
    change_form_outer_before_template = "accounts/admin/row_actions.html"

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.in_words(super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        fields = super().get_fields(request, obj)
        is_form = obj is None or self.has_change_permission(request, obj)
        return fields if is_form else self.in_words(fields)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StaffList]:  # noqa: ARG002
        return StaffList

    def find(self, rows: QuerySet[Any], fields: Iterable[str], words: str) -> QuerySet[Any]:
        """Those of the rows that bear exactly these words in one of the fields."""
        return find_exactly(rows, fields, words)

    def name_of(self, row: Any) -> str:
        """What "Find" calls a row."""
        return str(row)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        if not all(key.isdecimal() for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            return None  # no key of a row: nothing is chosen
        response: HttpResponse | None = super().response_action(request, queryset)
        return response

    def get_search_fields(self, request: HttpRequest) -> Any:
        return self.found_by or super().get_search_fields(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not self.found_by:
            found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)
            return found
        under = find_under(queryset, self.found_under, search_term)
        return (self.find(queryset, self.found_by, search_term) if under is None else under), False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With a button for each action that asks before it does anything."""
        if object_id:
            offered = [
                (name, words)
                for work, name, words in self.get_actions(request).values()
                if hasattr(work, "is_confirmed")
            ]
            opts = self.opts
            address = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
            extra_context = {
                "row_actions": offered,
                "changelist_url": address,
                "row_pk": object_id,
                **(extra_context or {}),
            }
        response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        return response


class PagedFormSet(PaginationInlineFormSet):
    """Shows the first page where no number was asked for."""

    def get_page_num(self) -> int:
        asked = self.request.GET.get(self.get_pagination_key(), "")
        return max(1, int(asked)) if asked.isdecimal() and len(asked) < 10 else 1


class TabularInline(Amounts, UnfoldTabularInline):
    """Rows of another table, looked at in their owner's page."""

    formset = PagedFormSet
    extra = 0
    per_page = 50
    ordering: Sequence[str] = ("pk",)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.in_words(super().get_fields(request, obj))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        shown = self.fields or ()
        needed = [field.name for field in self.model._meta.concrete_fields if field.is_relation]
        return rows.select_related(*[name for name in needed if name in shown], *self._currency_path())

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        given = super().get_readonly_fields(request, obj)
        return [*self.in_words(given), *self._shown.values()]


class ByService:
    """Saves by a service, whose refusal is an error of the form; nothing is deleted.

    `asks_again` wants a recent sign-in before anything is saved; `calls_stripe` keeps the request out of a transaction.
    """

    asks_again = False
    calls_stripe = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if self.asks_again and request.method == "POST":
            require_recent_sign_in(request)
        # Django's own opens a transaction around the whole request.
        again = self._changeform_view if self.calls_stripe else super().changeform_view
        try:
            with audit.as_staff():
                return again(request, object_id, form_url, extra_context)
        except MalyError as error:
            request.refusal = error
            return again(request, object_id, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        form: type[ModelForm] = super().get_form(request, obj, change=change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return form if refusal is None else _refused(form, refusal)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        saved = self.save_by_service(request, obj, form, change)
        obj.__dict__.update(saved.__dict__)

    def save_by_service(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> Any:
        raise NotImplementedError


def _refused(form: type[ModelForm], error: MalyError) -> type[ModelForm]:
    """The form once more, as it was filled in, with what the service said of it."""

    class Refused(form):
        def clean(self) -> Any:
            given = super().clean()
            self.add_error(error.attr if error.attr in self.fields else None, error.detail)
            return given

    return Refused


class AddOnly(ByService):
    """Rows are added by a service and never changed or deleted."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


class Audited:
    """Writes an audit entry for what staff save here; nothing is deleted, since money rows point to it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        fields = [name for name in form.changed_data if name in form.cleaned_data and "password" not in name]
        audit.record(
            f"{obj._meta.model_name}.{'changed' if change else 'created'}",
            organization=obj if isinstance(obj, Organization) else None,
            subject=f"{obj._meta.model_name}:{obj.pk}",
            actor=request.user,
            actor_kind=AuditEntry.Actor.STAFF,
            before={name: str(form.initial.get(name, "")) for name in fields} if change else {},
            after={name: str(form.cleaned_data[name]) for name in fields},
        )
