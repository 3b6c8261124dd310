"""How long ago something was, as a person would say it."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = 60, 3600, 86400


def age_in_words(moment: datetime, now: datetime | None = None) -> str:
    """just now, 2 min ago, 3 h ago, 5 days ago; stands beside an absolute time."""
    seconds = int(((now or timezone.now()) - moment).total_seconds())
    if seconds < MINUTE:
        return _("just now")
    if seconds < HOUR:
        return _("%(count)d min ago") % {"count": seconds // MINUTE}
    if seconds < DAY:
        return _("%(count)d h ago") % {"count": seconds // HOUR}
    days = seconds // DAY
    return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}
