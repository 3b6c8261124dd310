"""What an organizer says to a dispute."""

from django import forms
from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError
from ticketing.services.dispute_statements import LONGEST_STATEMENT


class StatementForm(forms.Form):
    """The organizer's words for the bank."""

    statement = forms.CharField(
        label=_("What do you know that helps?"),
        max_length=LONGEST_STATEMENT,
        help_text=_(
            "Facts with dates: what you wrote to each other, whether the buyer came, what you offered. "
            "The bank may read it word for word."
        ),
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write what you know, or leave it as it is")},
    )

    def say(self, error: MalyError) -> None:
        self.add_error(error.attr if error.attr in self.fields else None, error.detail)
