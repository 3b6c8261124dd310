"""What staff write to a bank, and the tick before what can't be undone."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError
from maly.forms import VersionedForm
from ticketing.dispute_words import EVIDENCE
from ticketing.models import Dispute
from ticketing.services.dispute_evidence import FIELDS, LONGEST_TEXT
from ticketing.services.versions import version_of_texts

SHORT = ("customer_name", "customer_email_address", "service_date")
LONG = ("access_activity_log", "uncategorized_text")
ROWS, MORE_ROWS = 4, 8
# Texts that only some disputes are about (docs.stripe.com/disputes/categories).
SUITED_TO: dict[str, tuple[str, ...]] = {
    "refund_refusal_explanation": ("credit_not_processed", "product_unacceptable", "product_not_received"),
    "cancellation_rebuttal": ("subscription_canceled", "credit_not_processed"),
    "duplicate_charge_explanation": ("duplicate",),
}


class EvidenceForm(VersionedForm):
    """The texts of an answer, by Stripe's names."""

    def __init__(self, *args: Any, reason: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.reason = reason
        for name in FIELDS:
            self.fields[name] = forms.CharField(
                label=EVIDENCE[name], required=False, max_length=LONGEST_TEXT, widget=_widget(name)
            )

    @property
    def main_fields(self) -> list[forms.BoundField]:
        """The texts that this dispute is about, and whatever else says something."""
        return [self[name] for name in FIELDS if not self._is_aside(name)]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in FIELDS if self._is_aside(name)]

    def _is_aside(self, name: str) -> bool:
        is_empty = not self[name].value() and not self[name].errors
        return is_empty and self.reason not in SUITED_TO.get(name, (self.reason,))

    @property
    def texts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name].replace("\r\n", "\n") for name in FIELDS}

    def says(self, saved: Mapping[str, str]) -> bool:
        """Whether these are the very texts that stand in the form."""
        typed = {name: text.strip() for name, text in self.texts.items()}
        return version_of_texts(typed) == version_of_texts(saved)

    def say(self, error: MalyError) -> None:
        self.add_error(error.attr if error.attr in self.fields else None, error.detail)


class FinalForm(forms.Form):
    """That somebody knows what can't be undone; `version` is what they have read."""

    version = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    confirmed = forms.BooleanField(
        label=_("I know that this is final"),
        error_messages={"required": _("Tick that you know that it is final. Nothing has happened yet.")},
    )


class DoneForm(FinalForm):
    """That somebody has put right what a dispute needed them for."""

    confirmed = forms.BooleanField(
        label=_("I have dealt with it"),
        error_messages={"required": _("Tick that it is dealt with. Nothing has happened yet.")},
    )


def initial_of(dispute: Dispute, assembled: dict[str, str]) -> dict[str, str]:
    """What stands in the form: the draft, or without one what the facts make; and which draft it was."""
    texts = dispute.evidence or assembled
    filled = {name: texts.get(name, "") for name in FIELDS}
    return {**filled, "version": version_of_texts(dispute.evidence)}


def _widget(name: str) -> forms.Widget:
    if name in SHORT:
        return forms.TextInput()
    return forms.Textarea(attrs={"rows": MORE_ROWS if name in LONG else ROWS})
