"""What staff decide about what was given up: which, and why."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connect.models import StripeEvent
from notifications.models import Message

LONGEST_REASON = 500
LARGEST_ID = 2**63 - 1


class ReasonForm(forms.Form):
    """Why; it stands in the audit log."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("Only staff read it, in the audit log."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Give a reason")},
    )

    def named(self) -> dict[str, Any]:
        """What the hidden fields name, from the form or the page's address; what can't be a name is left out."""
        given = {name: self[name].value() for name in self.fields}
        reader = type(self)({**given, "reason": "-"})
        reader.full_clean()
        return {name: value for name, value in reader.cleaned_data.items() if value}


class EventsForm(ReasonForm):
    """One event, or all dead letters of a kind."""

    event = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput)
    endpoint = forms.ChoiceField(
        required=False, choices=StripeEvent.Endpoint.choices, widget=forms.HiddenInput
    )
    type = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)


class MessagesForm(ReasonForm):
    """One message, or all of a kind that were given up."""

    message = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput)
    kind = forms.CharField(
        required=False, max_length=Message._meta.get_field("kind").max_length, widget=forms.HiddenInput
    )
