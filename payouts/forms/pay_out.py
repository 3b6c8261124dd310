"""What an organizer fills in to be paid out now."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from maly.money import CURRENCIES, format_amount
from payouts.services.balances import Money
from ticketing.forms.refunds import AmountField


class PayOutForm(forms.Form):
    """One payout: an amount, or all that is available. `nonce` makes it one, however often the form is sent."""

    nonce = forms.RegexField(r"^[0-9a-f]{32}$", widget=forms.HiddenInput)
    currency = forms.ChoiceField(
        label=_("Currency"), choices=[(code, code.upper()) for code in sorted(CURRENCIES)]
    )
    amount = AmountField(
        label=_("Amount"), required=False, help_text=_("Leave it empty to pay out all that is available.")
    )

    def __init__(self, *args: Any, available: Sequence[Money] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.available = {money.currency: money.amount for money in available if money.amount > 0}
        field = self.fields["currency"]
        if self.available and isinstance(field, forms.ChoiceField):
            field.choices = [(code, code.upper()) for code in self.available]
            if len(self.available) == 1:
                field.widget = forms.HiddenInput()
                field.initial = next(iter(self.available))
        currency, amount = self.data.get("currency"), self.fields["amount"]
        if currency in CURRENCIES and isinstance(amount, AmountField):
            amount.currency = str(currency)

    def clean_amount(self) -> int | None:
        amount: int | None = self.cleaned_data["amount"]
        most = self.available.get(self.cleaned_data.get("currency", ""))
        if amount is not None and amount <= 0:
            raise ValidationError(_("Enter an amount above 0, or leave it empty."), code="invalid")
        if amount is not None and most is not None and amount > most:
            words = _("Only %(amount)s is available.")
            shown = format_amount(most, self.cleaned_data["currency"])
            raise ValidationError(words, code="invalid", params={"amount": shown})
        return amount
