"""Forms of connect in the Django admin: fee overrides and plan terms, which are added and never edited."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
)

from connect.errors import CurrencyNotSupported
from connect.models import FeeOverride, FeeTerms, PlanAssignment
from connect.selectors import get_plan, get_terms, has_override
from connect.services.terms import check_rate, check_start
from maly.errors import Invalid
from maly.money import CURRENCIES

CURRENCY_CHOICES = [(code, code.upper()) for code in CURRENCIES]


class RateForm(forms.ModelForm):
    """What an override and plan terms share: a currency, a rate, a start, a reason."""

    currency = forms.ChoiceField(choices=CURRENCY_CHOICES, initial="usd", widget=UnfoldAdminSelectWidget)
    percent = forms.DecimalField(max_digits=6, decimal_places=3, widget=UnfoldAdminDecimalFieldWidget)
    fixed_amount = forms.IntegerField(
        help_text="For each paid ticket, in minor units: 75 is $0.75.", widget=UnfoldAdminIntegerFieldWidget
    )
    effective_from = forms.SplitDateTimeField(
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="UTC. Left empty, it counts from now on.",
    )
    reason = forms.CharField(
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept in the audit log.",
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("percent") is None or given.get("fixed_amount") is None or "currency" not in given:
            return given
        try:
            check_rate(given["percent"], given["fixed_amount"], given["currency"])
            check_start(given.get("effective_from"))
        except Invalid as error:
            self.add_error(error.attr, error.detail)
        return given

    def _post_clean(self) -> None:
        """The service makes the row; the form's own instance is never saved."""


class FeeOverrideForm(RateForm):
    """An organization's own rate; without a rate, back to its plan."""

    class Meta:
        model = FeeOverride
        fields = ["organization", "currency", "percent", "fixed_amount", "effective_from", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("percent", "fixed_amount"):
            self.fields[name].required = False
        self.fields["percent"].help_text = "Of each paid ticket's price. Both empty: back to the plan's rate."

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        has_percent, has_fixed = given.get("percent") is not None, given.get("fixed_amount") is not None
        if has_percent != has_fixed and not self.errors:
            self.add_error("percent" if has_fixed else "fixed_amount", "Give both, or neither.")
        if given.get("organization") and given.get("currency"):
            try:
                get_terms(given["organization"], given["currency"])
            except CurrencyNotSupported as error:
                self.add_error("currency", error.detail)
        if not (has_percent or has_fixed or self.errors):
            self._check_removal(given)
        return given

    def _check_removal(self, given: dict[str, Any]) -> None:
        if given.get("effective_from"):
            self.add_error("effective_from", "A return to the plan counts from now on.")
        if not has_override(given["organization"], given["currency"]):
            self.add_error("organization", "This organization is on its plan's rate already.")


class FeeTermsForm(RateForm):
    """New terms of a plan; what isn't asked here stays as the plan had it."""

    class Meta:
        model = FeeTerms
        fields = [
            "plan",
            "currency",
            "percent",
            "fixed_amount",
            "processing_paid_by",
            "refunds_platform_fee",
            "effective_from",
            "reason",
        ]


class PlanAssignmentForm(forms.ModelForm):
    """Another plan for an organization, from now on."""

    class Meta:
        model = PlanAssignment
        fields = ["organization", "plan", "reason"]
        widgets = {"reason": UnfoldAdminTextareaWidget(attrs={"rows": 3})}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        organization, plan = given.get("organization"), given.get("plan")
        if organization and plan and get_plan(organization) == plan:
            self.add_error("plan", "The organization is on this plan already.")
        return given

    def _post_clean(self) -> None:
        """The service makes the row; the form's own instance is never saved."""
