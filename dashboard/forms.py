"""Forms of the organizer's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connect.stripe_objects import PayoutSchedule
from payouts.services.schedules import ANCHOR_OF, DAYS_OF_MONTH


class DisconnectForm(forms.Form):
    """Typing the organization's web address stands for "I know what I am doing"."""

    confirm = forms.CharField(
        label=_("Web address of the organization"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class ScheduleForm(forms.Form):
    """When Stripe pays out. A weekday counts for weekly only, a day of the month for monthly only."""

    interval = forms.ChoiceField(
        label=_("How often"),
        choices=[
            ("daily", _("Daily")),
            ("weekly", _("Weekly")),
            ("monthly", _("Monthly")),
            ("manual", _("By hand")),
        ],
        error_messages={"required": _("Choose how often you are paid out.")},
    )
    weekly_anchor = forms.ChoiceField(
        label=_("On"),
        choices=[
            ("monday", _("Monday")),
            ("tuesday", _("Tuesday")),
            ("wednesday", _("Wednesday")),
            ("thursday", _("Thursday")),
            ("friday", _("Friday")),
        ],
        error_messages={"required": _("Choose a day.")},
    )
    monthly_anchor = forms.IntegerField(
        label=_("On day"),
        min_value=DAYS_OF_MONTH[0],
        max_value=DAYS_OF_MONTH[-1],
        help_text=_("From 1 to 31. 29 to 31: the last day of shorter months."),
        error_messages={"required": _("Choose a day.")},
    )

    @classmethod
    def showing(cls, schedule: PayoutSchedule) -> "ScheduleForm":
        """The form with a schedule filled in."""
        initial: dict[str, Any] = {"interval": schedule.interval}
        initial["weekly_anchor"] = schedule.weekly_anchor or "monday"
        initial["monthly_anchor"] = schedule.monthly_anchor or 1
        return cls(initial=initial)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        anchor = ANCHOR_OF.get(given.get("interval", ""))
        for other in {"weekly_anchor", "monthly_anchor"} - {anchor}:
            self.errors.pop(other, None)  # what stands in a field that doesn't count
        return given

    @property
    def schedule(self) -> PayoutSchedule:
        """What was chosen."""
        given = self.cleaned_data
        anchor = ANCHOR_OF.get(given["interval"])
        return PayoutSchedule(interval=given["interval"], **({anchor: given[anchor]} if anchor else {}))
