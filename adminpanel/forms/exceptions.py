"""What staff say about a difference between Stripe and the books."""

from django import forms
from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError
from payouts import postings

LONGEST_NOTE = 500
EXPLAINED_AS = {
    "expense:stripe_fees": _("A fee of Stripe’s"),
    "expense:dispute_fees": _("A fee for a dispute"),
    "expense:refund_loss": _("A loss of ours"),
    "bank:platform": _("Money from or to our own bank"),
}
assert set(EXPLAINED_AS) == set(postings.EXPLANATIONS)


class NoteForm(forms.Form):
    """That somebody is at it, and what they do."""

    reason = forms.CharField(
        label=_("What is being done about it"),
        max_length=LONGEST_NOTE,
        help_text=_("Whoever looks next reads it. It stays in the audit log."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say what is being done about it")},
    )

    def say(self, error: MalyError) -> None:
        named = "reason" if error.attr == "note" else error.attr
        self.add_error(named if named in self.fields else None, error.detail)


class ExplanationForm(NoteForm):
    """What a movement of no known kind was."""

    account = forms.ChoiceField(
        label=_("What it was"),
        choices=list(EXPLAINED_AS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what it was")},
    )
    reason = forms.CharField(
        label=_("How you know"),
        max_length=LONGEST_NOTE,
        help_text=_("It stays in the audit log beside the posting."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say how you know")},
    )
    field_order = ("account", "reason")
