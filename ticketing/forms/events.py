"""The event editor: five short sections, most of them with something sensible in them already."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError
from maly.forms import VersionedForm
from ticketing.forms.fields import LocalMomentField, is_on_clock, zone_choices
from ticketing.forms.once import OnceForm
from ticketing.models import Accent, Event
from ticketing.selectors.editor import AS_USUAL
from ticketing.services.cover_images import MIDDLE
from ticketing.services.event_dates import STANDS_IN_ZONE, USUAL_LENGTH
from ticketing.services.events import LARGEST_CAPACITY
from ticketing.services.versions import version_of_event

LONG_TEXT = 20_000
# Title, anchor and fields, as the page shows them.
SECTIONS = (
    (_("Basics"), "basics", ("title", "slug")),
    (_("When"), "when", ("starts_at", "ends_at", "doors_at", "timezone")),
    (_("Where"), "where", ("venue_name", "address")),
    (_("Page"), "page", ("cover", "focus", "no_cover", "cover_alt", "accent", "description")),
    (
        _("Policies"),
        "policies",
        ("accessibility", "refund_policy", "asks_attendee_names", "fee_absorption", "currency", "capacity"),
    ),
)
FOCUS = [
    (MIDDLE, _("The middle")),
    ("top", _("The top")),
    ("bottom", _("The bottom")),
    ("left", _("The left")),
    ("right", _("The right")),
]
LINK_IS_OUT = _("Buyers have the link, so it can’t change any more. With {premium} it can.")
OLD_LINK_LEADS_ON = _("Buyers have the link. If you change it, the old one leads to the new one.")
ACCENT_IS_USUAL = _("Choosing one is part of {premium}.")
ACCENT_STAYS = _("It stays as it is. Changing it is part of {premium}.")
SAVED = (
    "title",
    "starts_at",
    "ends_at",
    "doors_at",
    "timezone",
    "venue_name",
    "address",
    "description",
    "accessibility",
    "refund_policy",
    "currency",
    "fee_absorption",
    "capacity",
    "cover_alt",
    "accent",
    "asks_attendee_names",
)


def of_premium(words: Any) -> SafeString:
    """One plain line with the way to Premium where it says so."""
    return format_html(words, premium=format_html('<a href="{}">Premium</a>', reverse("premium:pricing")))


def accent_choices() -> list[tuple[str, Any]]:
    """The colours, the usual one first."""
    return [("", _("As usual")), *Accent.choices]


def long_text(label: Any, help_text: Any, rows: int) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=LONG_TEXT,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


class EventForm(OnceForm, VersionedForm):
    """Everything that an organizer says of an event but its tickets. A draft needs a name only."""

    title = forms.CharField(
        label=_("Event name"), max_length=120, error_messages={"required": _("Give the event a name")}
    )
    slug = forms.CharField(
        label=_("Web address"),
        max_length=80,
        help_text=_("The last part of the event’s link. You can change it until the first ticket is sold."),
        widget=forms.TextInput(
            attrs={"class": "code", "autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
        ),
        error_messages={"required": _("Enter a web address, such as night-market")},
    )
    starts_at = LocalMomentField(
        label=_("Starts"),
        required=False,
        error_messages={"required": _("Enter when the event starts")},
    )
    ends_at = LocalMomentField(
        label=_("Ends"), required=False, help_text=_("Left empty: three hours after it starts.")
    )
    doors_at = LocalMomentField(
        label=_("Doors open"), required=False, help_text=_("If people may come in before it starts.")
    )
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=zone_choices,
        error_messages={"required": _("Choose the time zone of the place")},
    )
    venue_name = forms.CharField(label=_("Venue"), required=False, max_length=120)
    address = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    cover = forms.FileField(
        label=_("Image"),
        required=False,
        help_text=_("1600 × 800 pixels or larger. JPEG, PNG or WebP, up to 10 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    focus = forms.ChoiceField(
        label=_("Part that stays"),
        required=False,
        choices=FOCUS,
        help_text=_("Where the image has another shape, the rest is cut off."),
    )
    no_cover = forms.BooleanField(label=_("Take the image off; a drawn one is shown instead"), required=False)
    cover_alt = forms.CharField(
        label=_("What the image shows"),
        required=False,
        max_length=200,
        help_text=_("Read aloud to people who can’t see it."),
    )
    accent = forms.ChoiceField(
        label=_("Colour"),
        required=False,
        choices=accent_choices,
        help_text=_("Of buttons, links and the date on the event’s page."),
        widget=forms.RadioSelect,
    )
    description = long_text(
        _("About"), _("Markdown works: **bold**, - lists, [links](https://example.com), ## headings."), 8
    )
    accessibility = long_text(_("Accessibility"), _("Entry, toilets, seating, interpreters, whom to ask."), 3)
    refund_policy = long_text(_("Refund policy"), _("Buyers see it before they pay."), 3)
    asks_attendee_names = forms.BooleanField(
        label=_("Ask for the name of everybody who comes"),
        required=False,
        help_text=_("Buyers of several tickets name each attendee. Otherwise we ask for one name only."),
    )
    fee_absorption = forms.ChoiceField(
        label=_("Who pays the fees?"), widget=forms.RadioSelect, initial=AS_USUAL
    )
    currency = forms.ChoiceField(label=_("Currency"), help_text=_("Fixed once there is a ticket type."))
    capacity = forms.IntegerField(
        label=_("Places in all"),
        required=False,
        min_value=1,
        max_value=LARGEST_CAPACITY,
        help_text=_("Across all ticket types. Left empty: each type has its own limit only."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(
        self,
        *args: Any,
        event: Event | None = None,
        currencies: Sequence[str] = (),
        address_fixed: bool = False,
        has_buyers: bool = False,
        may_choose_accent: bool = False,
        absorptions: Sequence[tuple[str, Any]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.event = event
        self.preview_of: EventForm | None = None
        self.only_currency = currencies[0] if len(currencies) == 1 and event is None else ""
        self.fields["fee_absorption"].choices = absorptions  # type: ignore[attr-defined]
        if len(currencies) > 1:
            self.fields["currency"].choices = [(code, code.upper()) for code in currencies]  # type: ignore[attr-defined]
        else:
            del self.fields["currency"]
        if event is None:
            del self.fields["slug"]
        elif has_buyers:
            self.fields["slug"].disabled = address_fixed
            self.fields["slug"].help_text = of_premium(LINK_IS_OUT) if address_fixed else OLD_LINK_LEADS_ON
        if not may_choose_accent:
            self._fix_accent()
        if event is None or not event.cover:
            del self.fields["no_cover"]
        if event is not None:
            self._keep_zone(event.timezone)
        is_draft = event is None or event.status == Event.Status.DRAFT
        for name in ("starts_at", "timezone"):
            self.fields[name].required = not is_draft
            self.fields[name].is_needed_later = is_draft  # type: ignore[attr-defined]
        if is_draft:
            self.fields["starts_at"].help_text = _("It can wait until the date is sure.")

    def clean(self) -> dict[str, Any]:
        """Put the end three hours after the start where none is given; refuse times that no clock shows."""
        data: dict[str, Any] = super().clean() or {}
        self._ask_for_what_belongs_together(data)
        if data.get("starts_at") and not data.get("ends_at") and "ends_at" not in self.errors:
            data["ends_at"] = data["starts_at"] + USUAL_LENGTH
        for name in ("starts_at", "ends_at", "doors_at"):
            moment, zone = data.get(name), data.get("timezone")
            if moment and zone and not is_on_clock(moment, zone):
                self.add_error(name, _("The clocks skip this hour on that day. Choose another time."))
        return data

    def _ask_for_what_belongs_together(self, data: dict[str, Any]) -> None:
        """The other times need a start, and a start its zone."""
        is_timed = data.get("ends_at") or data.get("doors_at")
        if is_timed and not data.get("starts_at") and "starts_at" not in self.errors:
            self.add_error("starts_at", _("Enter when the event starts, or leave the other times empty too"))
        if data.get("starts_at") and not data.get("timezone") and "timezone" not in self.errors:
            self.add_error("timezone", self.fields["timezone"].error_messages["required"])

    def saved_fields(self) -> dict[str, Any]:
        """What a service takes of the cleaned form."""
        given = {name: self.cleaned_data[name] for name in SAVED if name in self.fields}
        if self.only_currency:
            given["currency"] = self.only_currency
        chosen = given["fee_absorption"]
        return {**given, "fee_absorption": None if chosen == AS_USUAL else chosen}

    def draft(self) -> Event | None:
        """The event as typed, unsaved, for a preview; None while it has no proper time."""
        if self.preview_of:
            return self.preview_of.draft()
        data = self.cleaned_data if self.is_bound and self.errors is not None else {}
        if not (data.get("starts_at") and data.get("ends_at") and data.get("timezone")):
            return None
        zone = ZoneInfo(data["timezone"])
        times = {name: data[name].replace(tzinfo=zone) for name in ("starts_at", "ends_at")}
        return Event(title=data.get("title", ""), timezone=data["timezone"], **times)

    def sections(self) -> Iterator[dict[str, Any]]:
        """The page's cards with the fields that this event has."""
        for title, anchor, names in SECTIONS:
            fields = [self[name] for name in names if name in self.fields]
            yield {"title": title, "anchor": anchor, "fields": fields}

    def say(self, error: MalyError) -> None:
        """Put a service's refusal beside its field; what prices forbid belongs to the choice of who pays."""
        attr = "fee_absorption" if error.attr == "price_amount" else error.attr
        self.add_error(attr if attr in self.fields else None, error.detail)

    def _fix_accent(self) -> None:
        """Without Premium a new event has the usual colour, and one that has another keeps it."""
        if self.event is None:
            del self.fields["accent"]
            return
        field = self.fields["accent"]
        field.disabled = True
        field.widget = forms.Select(choices=accent_choices())
        field.help_text = of_premium(ACCENT_STAYS if self.event.accent else ACCENT_IS_USUAL)

    def _keep_zone(self, name: str) -> None:
        field = self.fields["timezone"]
        if not field.valid_value(name):  # type: ignore[attr-defined]
            field.choices = [(name, name), *field.choices]  # type: ignore[attr-defined]


def initial_of(event: Event) -> dict[str, Any]:
    """What stands in the form of a saved event: times on the event's own clock."""
    zone = ZoneInfo(event.timezone)
    initial = {name: getattr(event, name) for name in (*SAVED, "slug")}
    times = {name: local_text(initial[name], zone) for name in ("starts_at", "ends_at", "doors_at")}
    if event.is_date_open:
        times = {"starts_at": "", "ends_at": "", "doors_at": ""}
        initial["timezone"] = event.timezone if event.timezone != STANDS_IN_ZONE else ""
    return {
        **initial,
        **times,
        "fee_absorption": event.fee_absorption or AS_USUAL,
        "version": version_of_event(event),
    }


def local_text(moment: datetime | None, zone: ZoneInfo) -> str:
    """A moment as a `datetime-local` input has it, on the clock of a zone."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if moment else ""


def initial_of_new(timezone: str, contact_email: str) -> dict[str, Any]:
    """What stands in the form of a new event: words that promise nothing untrue, to be made one's own."""
    ask = _("Tell us what you need to take part, and we will do what we can.")
    write = _("Write to %(email)s.") % {"email": contact_email} if contact_email else ""
    return {
        "timezone": timezone,
        "accessibility": f"{ask} {write}".strip(),
        "refund_policy": _(
            "Full refund until 7 days before the event. After that, you can give your ticket to somebody else."
        ),
    }
