"""Forms of the organizer's pages."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DisconnectForm(forms.Form):
    """Typing the organization's web address stands for "I know what I am doing"."""

    confirm = forms.CharField(
        label=_("Web address of the organization"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
