"""What the report of revenue is asked for: the days, the parts, the currency; the page's form and the API's alike."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.selectors.periods import MOST_DAYS, Range, Step

# Stripe began in 2011: nothing can have happened before.
EARLIEST = date(2011, 1, 1)
LATEST = date(2999, 12, 31)


def check_range(days: Range, step: str) -> None:
    """Raises ValidationError by field, for days that don't follow each other, or more than a report may have."""
    if days.until < days.since:
        raise ValidationError({"date_to": _("The last day must not be before the first.")})
    if days.since < EARLIEST or days.until > LATEST:
        raise ValidationError({"date_from": _("Choose days from 2011 to 2999.")})
    most = MOST_DAYS[Step(step)]
    if days.days > most:
        raise ValidationError(
            {"date_to": _("Choose at most %(most)s days, or longer parts.") % {"most": most}}
        )


class RevenueForm(forms.Form):
    """The range of the revenue page, which stands in its address."""

    date_from = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    date_to = forms.DateField(
        label=gettext_lazy("To"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    period = forms.ChoiceField(label=gettext_lazy("Parts"), choices=Step.choices)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))

    def __init__(self, *args: Any, currencies: list[str], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(code, code.upper()) for code in currencies]
        self.fields["currency"].choices = choices  # type: ignore[attr-defined]
        if len(currencies) == 1:
            self.fields["currency"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if {"date_from", "date_to", "period"} <= given.keys():
            check_range(Range(given["date_from"], given["date_to"]), given["period"])
        return given

    @property
    def days(self) -> Range:
        """The range of a form that is right."""
        return Range(self.cleaned_data["date_from"], self.cleaned_data["date_to"])
