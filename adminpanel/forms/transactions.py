"""What staff narrow the lists of transactions and payouts down by."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from adminpanel.selectors.transaction_search import LONGEST_SEARCH, tidy
from adminpanel.selectors.transactions import STATUSES, TransactionFilters

LONGEST_NAME = 120


class OrganizationField(forms.CharField):
    """An organization by its address or its name; empty is everybody's."""

    def __init__(self, **more: Any) -> None:
        shown = {"list": "organizations", "autocomplete": "off"}
        given = {"label": _("Organization"), "required": False, "max_length": LONGEST_NAME}
        super().__init__(**{**given, "widget": forms.TextInput(attrs=shown), **more})

    def clean(self, value: Any) -> Organization | None:
        wanted = super().clean(value)
        if not wanted:
            return None
        found = Organization.objects.filter(slug=wanted.lower()).first()
        found = found or Organization.objects.filter(name__iexact=wanted).order_by("pk").first()
        if found is None:
            raise forms.ValidationError(_("No organization has this name or address."), code="missing")
        return found


class DayField(forms.DateField):
    """A day, asked for by the browser's own calendar."""

    def __init__(self, **more: Any) -> None:
        picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        words = {"invalid": _("Enter a day, such as 2026-12-31.")}
        super().__init__(**{"required": False, "widget": picker, "error_messages": words, **more})


class TransactionForm(forms.Form):
    """The filters of the list, which stand in its address."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=LONGEST_SEARCH,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Code, email or any Stripe id"), "autocomplete": "off"}
        ),
    )
    organization = OrganizationField()
    date_from = DayField(label=_("From"))
    date_to = DayField(label=_("To"))
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", _("Any status")), *((status.value, status.label) for status in STATUSES)],
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        begins, ends = cleaned.get("date_from"), cleaned.get("date_to")
        if begins and ends and ends < begins:
            self.add_error("date_to", _("The last day is before the first one."))
        return cleaned

    @property
    def filters(self) -> TransactionFilters:
        """The filters of a form that is right."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "q"}
        return TransactionFilters(search=tidy(self.cleaned_data["q"]), **given)
