"""What an organizer chooses about a refund: tickets or an amount, the fee, the seats, and what the buyer is told."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError
from maly.money import format_amount
from ticketing.forms.fields import PriceField
from ticketing.models import Ticket

LONGEST_REASON = 500
LONGEST_NOTE = 500
TICKETS, AMOUNT = "tickets", "amount"


class AmountField(PriceField):
    """An amount to give back, in minor units of `currency`."""

    def to_python(self, value: Any) -> int | None:  # type: ignore[override]
        try:
            return super().to_python(value)
        except ValidationError:
            example = format_amount(1250, "usd").removeprefix("$")
            words = _("Enter an amount such as %(example)s.")
            raise ValidationError(words, code="invalid", params={"example": example}) from None


class RefundForm(forms.Form):
    """One refund. `nonce` makes it one, however often the form is sent; `expected` is what was shown for it."""

    nonce = forms.RegexField(r"^[0-9a-f]{32}$", widget=forms.HiddenInput)
    way = forms.ChoiceField(
        label=_("What to refund"),
        choices=[(TICKETS, _("Tickets")), (AMOUNT, _("An amount"))],
        initial=TICKETS,
        widget=forms.RadioSelect,
    )
    tickets = forms.MultipleChoiceField(
        label=_("Tickets"), required=False, widget=forms.CheckboxSelectMultiple
    )
    amount = AmountField(label=_("Amount"), required=False)
    gives_fee_back = forms.BooleanField(label=_("Give back the service fee too"), required=False)
    restock = forms.BooleanField(label=_("Put the tickets back on sale"), required=False)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("The buyer reads it in the email."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Give a reason")},
    )
    note = forms.CharField(
        label=_("Private note"),
        max_length=LONGEST_NOTE,
        required=False,
        help_text=_("Only your team reads it: on the order, and in the export."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(
        self,
        *args: Any,
        tickets: Sequence[Ticket],
        currency: str,
        may_keep_fee: bool,
        chosen: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        first = {"nonce": uuid.uuid4().hex, "tickets": list(chosen), "gives_fee_back": True, "restock": True}
        super().__init__(*args, initial=first, **kwargs)
        self.fields["tickets"].choices = [(each.code, each.code) for each in tickets]  # type: ignore[attr-defined]
        self.fields["amount"].currency = currency  # type: ignore[attr-defined]
        if not may_keep_fee:
            del self.fields["gives_fee_back"]

    def clean_tickets(self) -> list[str]:
        chosen = list(self.cleaned_data["tickets"])
        if self.cleaned_data.get("way") == TICKETS and not chosen:
            raise ValidationError(_("Choose at least one ticket"))
        return chosen

    def clean_amount(self) -> int | None:
        amount: int | None = self.cleaned_data["amount"]
        if self.cleaned_data.get("way") == AMOUNT and not amount:
            raise ValidationError(_("Enter the amount to give back"))
        return amount

    @property
    def wish(self) -> dict[str, Any]:
        """What is wished, as `preview_refund` takes it; the fee as the order's plan has it where there is no choice."""
        given = self.cleaned_data
        is_by_ticket = given["way"] == TICKETS
        return {
            "tickets": given["tickets"] if is_by_ticket else None,
            "amount": None if is_by_ticket else given["amount"],
            "refund_application_fee": given.get("gives_fee_back"),
        }

    def say(self, error: MalyError) -> None:
        self.add_error(error.attr if error.attr in self.fields else None, error.detail)
