"""What staff fill in about held payouts in the Django admin. The services make the rows, the forms never do."""

import uuid
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from maly.money import CURRENCIES, parse_amount
from payouts.models import PayoutHold, PayoutHoldException, PayoutRelease
from payouts.services.holding import MOST_DAYS

CURRENCY_CHOICES = [(code, code.upper()) for code in CURRENCIES]


class WithReason(forms.ModelForm):
    """A form of something that staff must explain."""

    reason = forms.CharField(
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept in the audit log.",
    )

    def _post_clean(self) -> None:
        """The service makes the row; the form's own instance is never saved."""


class PayoutHoldForm(WithReason):
    """Hold an organization's payouts, change for how long, or end it."""

    is_held = forms.BooleanField(
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Off brings the organization's own schedule back.",
    )
    days_after_event = forms.IntegerField(
        min_value=0,
        max_value=MOST_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many days after an event's end its money is paid out.",
    )

    class Meta:
        model = PayoutHold
        fields = ("organization", "is_held", "days_after_event", "reason")

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if self.instance.pk:
            self.initial["is_held"] = self.instance.status == PayoutHold.Status.ON
            self.initial["reason"] = ""

    def clean_organization(self) -> Any:
        organization = self.cleaned_data["organization"]
        if PayoutHold.objects.filter(organization=organization).exists():
            raise forms.ValidationError("This organization has a row already. Change that one.")
        return organization


class PayoutHoldExceptionForm(WithReason):
    """Pay an event's money out without waiting."""

    class Meta:
        model = PayoutHoldException
        fields = ("event", "reason")

    def clean_event(self) -> Any:
        event = self.cleaned_data["event"]
        if PayoutHoldException.objects.filter(event=event).exists():
            raise forms.ValidationError("This event's money isn't held any longer.")
        return event


class PayoutReleaseForm(WithReason):
    """Pay an amount of held money out now. `key` makes two clicks one payout."""

    currency = forms.ChoiceField(choices=CURRENCY_CHOICES, initial="usd", widget=UnfoldAdminSelectWidget)
    amount = forms.CharField(
        max_length=20,
        widget=UnfoldAdminTextInputWidget,
        help_text="Such as 1250.00; no more than is available.",
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    class Meta:
        model = PayoutRelease
        fields = ("organization", "currency", "amount", "reason", "key")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "amount" in given and "currency" in given:
            try:
                given["amount"] = parse_amount(given["amount"], given["currency"])
            except ValueError:
                self.add_error("amount", "This is no amount of that currency.")
        return given
