"""What staff fill in to change a rate: an organization's own, a plan's terms, another plan."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import make_aware
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connect.models import FeePlan, FeeTerms
from connect.services.terms import check_rate, check_start
from maly.errors import Invalid, MalyError
from maly.money import get_currency
from ticketing.forms.fields import LocalMomentField
from ticketing.forms.refunds import AmountField

LONGEST_REASON = 500
YES, NO = "yes", "no"
# Errors of a service name its arguments; one of them has another name here.
FIELDS = {"effective_from": "starts_at"}


class ReasonForm(forms.Form):
    """Why; kept with the change."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("Kept in the audit log."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Say why: the reason is kept with the change.")},
    )

    def say(self, error: MalyError) -> None:
        name = FIELDS.get(error.attr or "", error.attr)
        self.add_error(name if name in self.fields else None, error.detail)


class RateForm(ReasonForm):
    """A rate in one currency, from a moment on."""

    percent = forms.DecimalField(
        label=_("Percent of the ticket price"),
        max_digits=6,
        decimal_places=3,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={
            "required": _("Enter a percentage, such as 3.5"),
            "invalid": _("Enter a percentage, such as 3.5"),
        },
    )
    fixed_amount = AmountField(
        label=_("Plus, per paid ticket"), error_messages={"required": _("Enter an amount, such as 0.50")}
    )
    starts_at = LocalMomentField(
        label=_("Starts"), required=False, help_text=_("UTC. Left empty: as soon as you confirm.")
    )
    field_order = (
        "percent",
        "fixed_amount",
        "processing_paid_by",
        "refunds_platform_fee",
        "starts_at",
        "reason",
    )

    def __init__(self, *args: Any, currency: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.currency = currency
        amount = self.fields["fixed_amount"]
        assert isinstance(amount, AmountField)
        amount.currency = currency

    @property
    def symbol(self) -> str:
        return get_currency(self.currency).symbol.strip()

    def clean_starts_at(self) -> Any:
        moment = self.cleaned_data["starts_at"]
        try:
            moment = make_aware(moment) if moment else None
            check_start(moment)
        except Invalid as error:
            raise ValidationError(error.detail, code="invalid") from None
        return moment

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("percent") is not None and given.get("fixed_amount") is not None:
            try:
                check_rate(given["percent"], given["fixed_amount"], self.currency)
            except Invalid as error:
                self.say(error)
        return given

    def read_rate(self) -> tuple[Decimal, int]:
        """The rate as it stands in the form, whatever is wrong elsewhere in it. Raises Invalid for what is none."""
        percent, fixed_amount = self["percent"].value(), self["fixed_amount"].value()
        try:
            rate = Decimal(str(percent or 0).strip())
            amount = self.fields["fixed_amount"].to_python(fixed_amount) or 0
        except (InvalidOperation, ValidationError):
            raise Invalid(gettext("Enter a percentage such as 3.5, and an amount such as 0.50.")) from None
        check_rate(rate, amount, self.currency)
        return rate, amount


class PlanTermsForm(RateForm):
    """New terms of a plan."""

    processing_paid_by = forms.ChoiceField(
        label=_("Stripe’s fee comes out of"),
        choices=FeeTerms.ProcessingPaidBy.choices,
        widget=forms.RadioSelect,
    )
    refunds_platform_fee = forms.ChoiceField(
        label=_("When an order is refunded"),
        choices=[(YES, _("The platform fee goes back too")), (NO, _("The platform fee is kept"))],
        widget=forms.RadioSelect,
    )

    def clean_refunds_platform_fee(self) -> bool:
        return bool(self.cleaned_data["refunds_platform_fee"] == YES)

    def read_processing(self, default: str) -> str:
        """Who pays Stripe's fee as it stands in the form."""
        chosen = self["processing_paid_by"].value()
        return str(chosen) if chosen in FeeTerms.ProcessingPaidBy.values else default


class PlanForm(ReasonForm):
    """Another plan for an organization."""

    plan = forms.ModelChoiceField(
        queryset=FeePlan.objects.order_by("id"),
        to_field_name="code",
        label=_("Plan"),
        empty_label=None,
        error_messages={"required": _("Choose a plan"), "invalid_choice": _("Choose a plan")},
    )
    field_order = ("plan", "reason")
