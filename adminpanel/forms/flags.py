"""Why an organization is flagged, or isn't any more."""

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.forms.fees import ReasonForm


class FlagForm(ReasonForm):
    """The reason; staff alone read it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("Staff read it here and in the audit log. The organization doesn't."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Say why: the reason is kept with the change.")},
    )
