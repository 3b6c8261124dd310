"""The colour of an event's page, which Premium gives."""

from django.utils.translation import gettext as _

from accounts.errors import PremiumRequired
from accounts.premium import Benefit, has_benefit
from maly.errors import Invalid
from ticketing.models import Accent, Event


def check_accent(event: Event, *, had: str) -> None:
    """Refuse a colour that there isn't (Invalid), and any change without Premium (PremiumRequired).

    What was set while there was Premium stays as it is.
    """
    if event.accent == had:
        return
    if event.accent not in ("", *Accent.values):
        raise Invalid(_("Choose one of the colours."), attr="accent")
    if not has_benefit(event.organization, Benefit.EVENT_ACCENT):
        raise PremiumRequired(attr="accent")


def accent_of_copy(event: Event) -> str:
    """The colour that a copy of the event gets: the same, for those who may choose one."""
    if event.accent and not has_benefit(event.organization, Benefit.EVENT_ACCENT):
        return ""
    return event.accent
