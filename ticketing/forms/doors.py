"""A new door link: the name of its door, and when it ends."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from ticketing.forms.fields import LocalMomentField
from ticketing.models import Event
from ticketing.services.door_links import LONGEST_NAME, OPEN_AFTER_END


class DoorLinkForm(forms.Form):
    """The end is on the event's own clock; six hours after the event unless somebody chooses otherwise."""

    name = forms.CharField(
        label=_("Name of the door"),
        max_length=LONGEST_NAME,
        help_text=_("Scans say it, such as “Door 2”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Name the door")},
    )
    expires_at = LocalMomentField(label=_("Works until"), required=False)

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        self.zone = ZoneInfo(event.timezone)
        ends_at = (event.ends_at + OPEN_AFTER_END).astimezone(self.zone)
        kwargs.setdefault("initial", {"expires_at": ends_at.replace(tzinfo=None)})
        super().__init__(*args, **kwargs)

    def saved_fields(self) -> dict[str, Any]:
        """What the service takes; the time with its zone."""
        moment = self.cleaned_data["expires_at"]
        return {
            "name": self.cleaned_data["name"],
            "expires_at": moment and moment.replace(tzinfo=self.zone),
        }
