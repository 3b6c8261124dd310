"""Tags and filters of every template: money, times in the event's zone, codes, icons, form fields."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, HiddenInput, RadioSelect
from django.utils import dateformat
from django.utils.safestring import SafeString, mark_safe

from maly.icons import ICONS
from maly.money import format_amount

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """`{{ 5458|money:"usd" }}` is $54.58. Without a currency it is an error, never a bare number."""
    if not currency:
        raise ValueError("money needs a currency, as in {{ amount|money:order.currency }}.")
    return format_amount(amount, currency)


@register.filter
def event_date(moment: datetime, timezone: str) -> str:
    """The day in the event's own zone: Sat 12 Dec 2026."""
    return dateformat.format(_in_zone(moment, timezone), "D j M Y")


@register.filter
def event_hour(moment: datetime, timezone: str) -> str:
    """The time of day in the event's own zone: 7:30 pm."""
    local = _in_zone(moment, timezone)
    return f"{dateformat.format(local, 'g:i')} {'am' if local.hour < 12 else 'pm'}"


@register.filter
def zone_name(moment: datetime, timezone: str) -> str:
    """What people call the zone on that day (GMT, CEST); UTC+03 where it has no name of its own."""
    name = _in_zone(moment, timezone).strftime("%Z")
    return name if name.isalpha() else f"UTC{name}"


@register.filter
def event_time(moment: datetime, timezone: str) -> str:
    """Day, time and zone: Sat 12 Dec 2026, 7:30 pm GMT."""
    day, hour, zone = event_date(moment, timezone), event_hour(moment, timezone), zone_name(moment, timezone)
    return f"{day}, {hour} {zone}"


def _in_zone(moment: datetime, timezone: str) -> datetime:
    if not timezone:
        raise ValueError(
            "A time needs its event's zone, as in {{ event.starts_at|event_time:event.timezone }}."
        )
    return moment.astimezone(ZoneInfo(timezone))


@register.filter
def ticket_code(code: str) -> str:
    """A ticket's code in two groups, as people read it out: 7K4Q9-XZ2MB."""
    return f"{code[:5]}-{code[5:]}"


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """An inline drawing that screen readers skip; the words beside it say what it means."""
    css = f"icon icon-{size}" if size else "icon"
    drawing = ICONS[name]
    return mark_safe(f'<svg class="{css}" viewBox="0 0 24 24" aria-hidden="true">{drawing}</svg>')  # noqa: S308


@register.filter
def json_data(value: Any) -> SafeString:
    """JSON for a data block: nothing in it can end the script element."""
    text = json.dumps(value, ensure_ascii=False)
    return mark_safe(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S308


@register.filter
def control(field: BoundField) -> SafeString:
    """The field's widget in the look of its kind, keeping the classes that the form gave it."""
    widget = field.field.widget
    if isinstance(widget, HiddenInput | RadioSelect | CheckboxSelectMultiple | CheckboxInput):
        return field.as_widget()
    classes = f"input {widget.attrs.get('class', '')}".strip()
    return field.as_widget(attrs={"class": classes})


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the label goes behind the control instead of above it."""
    return isinstance(field.field.widget, CheckboxInput)
