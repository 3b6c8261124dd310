"""Fields of the organizer's forms: a time on the event's own clock, a price, a time zone."""

import re
from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from maly.money import format_amount, get_currency, parse_amount
from ticketing.services.events import LATEST_YEAR

REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)
UTC = "UTC"
EARLIEST_YEAR = 2000
# 25, 25.00 and 1,250.00; a comma before two digits could mean cents elsewhere, so it isn't guessed at.
PRICE = re.compile(r"([0-9]{1,7}|[0-9]{1,3}(,[0-9]{3}){1,2})(\.[0-9]{1,3})?")


class LocalMomentField(forms.CharField):
    """A date and time on the wall, without a zone: the event's own is asked for beside it."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    words = _("Enter a date and a time, such as 2026-12-12 19:30.")

    def to_python(self, value: Any) -> datetime | None:  # type: ignore[override]
        text = (super().to_python(value) or "").strip()
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            raise ValidationError(self.words, code="invalid") from None
        if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            raise ValidationError(_("This date is too far away."), code="invalid")
        return moment

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(initial != data)


class PriceField(forms.CharField):
    """A face price as people write it; cleaned, minor units of `currency`."""

    currency = "usd"
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> int | None:  # type: ignore[override]
        text = (
            (super().to_python(value) or "")
            .strip()
            .lstrip(get_currency(self.currency).symbol.strip())
            .strip()
        )
        if not text:
            return None
        try:
            if not PRICE.fullmatch(text):
                raise ValueError
            return parse_amount(text, self.currency)
        except ValueError:
            example = format_amount(25 * 10 ** get_currency(self.currency).exponent, self.currency)
            words = _("Enter a price such as %(example)s, or 0 for a free ticket.")
            raise ValidationError(words, code="invalid", params={"example": example}) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True


def price_text(amount: int, currency: str) -> str:
    """A price as it stands in the field: 5000, "usd" → 50.00."""
    return format_amount(amount, currency).removeprefix(get_currency(currency).symbol).replace(",", "")


@cache
def zone_choices() -> list[tuple[str, Any]]:
    """Every place with a clock, by region; names that only live on for old programs are left out."""
    regions: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in sorted(available_timezones()):
        region, _slash, place = name.partition("/")
        if region in REGIONS and place:
            regions[region].append((name, name.replace("_", " ")))
    return [("", _("Choose a time zone")), (UTC, UTC), *regions.items()]


def is_on_clock(moment: datetime, zone_name: str) -> bool:
    """Whether the clocks of that zone ever show this time: not in the hour that is skipped in spring."""
    zone = ZoneInfo(zone_name)
    there_and_back = moment.replace(tzinfo=zone).astimezone(ZoneInfo(UTC)).astimezone(zone)
    return there_and_back.replace(tzinfo=None) == moment
