"""Cancelling an event: what buyers are told, and the event's name typed as "I know what I am doing"."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError
from ticketing.models import Event
from ticketing.services.cancellations import LONGEST_REASON


class CancelEventForm(forms.Form):
    """The reason for the buyers, and the name of the event."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=LONGEST_REASON,
        help_text=_("Buyers read it in the email and on their order’s page."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    confirm = forms.CharField(
        label=_("Name of the event"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Type the event’s name to cancel it")},
    )

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event = event

    def clean_confirm(self) -> str:
        """The name as it stands above the field; case and spaces don't matter."""
        typed = str(self.cleaned_data["confirm"])
        if typed.casefold().split() != self.event.title.casefold().split():
            raise forms.ValidationError(_("This isn’t the event’s name. Type it as it stands above."))
        return typed

    def say(self, error: MalyError) -> None:
        self.add_error(error.attr if error.attr in self.fields else None, error.detail)
