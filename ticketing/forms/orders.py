"""What organizers put right about an order: where its tickets go, whose name is on one, and which don't count."""

from django import forms
from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError
from ticketing.services.buyers import LONGEST_EMAIL, LONGEST_NAME

LONGEST_REASON = 500
NO_ADDRESS = _("Enter an email address, like name@example.com")


class ResendForm(forms.Form):
    """The address that the tickets go to."""

    email = forms.EmailField(
        label=_("Email"),
        max_length=LONGEST_EMAIL,
        help_text=_("Correct it here if the buyer mistyped it."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": NO_ADDRESS, "invalid": NO_ADDRESS},
    )

    def say(self, error: MalyError) -> None:
        self.add_error(error.attr if error.attr in self.fields else None, error.detail)


class RenameForm(forms.Form):
    """The name on a ticket."""

    name = forms.CharField(
        label=_("Name on the ticket"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter a name")},
    )

    def say(self, error: MalyError) -> None:
        self.add_error(error.attr if error.attr in self.fields else None, error.detail)


class CancelTicketsForm(forms.Form):
    """Why tickets that cost nothing are cancelled, and what becomes of their seats."""

    restock = forms.BooleanField(label=_("Put the seats back on sale"), required=False, initial=True)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("The buyer reads it in the email."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Give a reason")},
    )

    def say(self, error: MalyError) -> None:
        self.add_error(error.attr if error.attr in self.fields else None, error.detail)
