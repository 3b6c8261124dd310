"""What staff narrow the list of payouts down by."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.forms.transactions import OrganizationField
from adminpanel.selectors.payouts import PayoutFilters, status_choices
from adminpanel.selectors.transaction_search import LONGEST_SEARCH, tidy


class PayoutForm(forms.Form):
    """The filters of the list, which stand in its address."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=LONGEST_SEARCH,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Payout id, po_…"), "autocomplete": "off"}
        ),
    )
    organization = OrganizationField()
    status = forms.ChoiceField(label=_("Status"), required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["status"].choices = [("", _("Any status")), *status_choices()]  # type: ignore[attr-defined]

    @property
    def filters(self) -> PayoutFilters:
        """The filters of a form that is right."""
        given = self.cleaned_data
        return PayoutFilters(
            search=tidy(given["q"]), organization=given["organization"], status=given["status"]
        )
