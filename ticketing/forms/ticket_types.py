"""The ticket form: a name, a price and a quantity; the rest waits under More options."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError
from maly.forms import VersionedForm
from maly.money import get_currency
from ticketing.forms.events import local_text
from ticketing.forms.fields import LocalMomentField, PriceField, is_on_clock, price_text
from ticketing.forms.once import OnceForm
from ticketing.models import Event, TicketType
from ticketing.services.events import LARGEST_CAPACITY
from ticketing.services.ticket_types import MOST_PER_ORDER
from ticketing.services.versions import version_of_ticket_type

FEW = ("name", "price_amount", "capacity")
MORE = ("description", "sales_start", "sales_end", "min_per_order", "max_per_order", "is_hidden")


class TicketTypeForm(OnceForm, VersionedForm):
    """Everything that an organizer says of a ticket type."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("Such as General admission."),
        error_messages={"required": _("Give the ticket a name")},
    )
    price_amount = PriceField(
        label=_("Price"),
        help_text=_("0 is free."),
        error_messages={"required": _("Enter a price, or 0 for a free ticket")},
    )
    capacity = forms.IntegerField(
        label=_("Quantity"),
        min_value=1,
        max_value=LARGEST_CAPACITY,
        help_text=_("In all."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": _("Enter how many tickets there are")},
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=500,
        help_text=_("What is included, shown under the name."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    sales_start = LocalMomentField(
        label=_("Sales start"), required=False, help_text=_("Left empty: as soon as the event is published.")
    )
    sales_end = LocalMomentField(
        label=_("Sales end"), required=False, help_text=_("Left empty: when the event ends.")
    )
    min_per_order = forms.IntegerField(
        label=_("Fewest in one order"), min_value=1, max_value=MOST_PER_ORDER, initial=1, required=False
    )
    max_per_order = forms.IntegerField(
        label=_("Most in one order"), min_value=1, max_value=MOST_PER_ORDER, initial=10, required=False
    )
    is_hidden = forms.BooleanField(
        label=_("Hidden"),
        required=False,
        help_text=_("Not listed on the event’s page; only whoever has its link can buy it."),
    )

    def __init__(
        self, *args: Any, event: Event, ticket_type: TicketType | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.event = event
        self.preview_of: TicketTypeForm | None = None
        self.ticket_type = ticket_type
        self.fields["price_amount"].currency = event.currency  # type: ignore[attr-defined]

    @property
    def typed_price(self) -> int | None:
        """The price in the form, in minor units; None while it is none."""
        form = self.preview_of or self
        if not form.is_bound:
            return self.ticket_type.price_amount if self.ticket_type else None
        return None if form["price_amount"].errors else form.cleaned_data.get("price_amount")

    @property
    def price_problem(self) -> str:
        """Why what is typed is no price, for a preview, which shows no other errors."""
        return " ".join(map(str, self.preview_of["price_amount"].errors)) if self.preview_of else ""

    @property
    def symbol(self) -> str:
        return get_currency(self.event.currency).symbol.strip()

    @property
    def few(self) -> list[BoundField]:
        return [self[name] for name in FEW]

    @property
    def more(self) -> list[BoundField]:
        return [self[name] for name in MORE]

    @property
    def is_open(self) -> bool:
        """Whether More options shows: something in it was changed, or is wrong."""
        usual = {"min_per_order": "1", "max_per_order": "10"}
        return any(
            field.errors or str(field.value() or "") not in ("", usual.get(field.name), "False")
            for field in self.more
        )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for name in ("sales_start", "sales_end"):
            moment = data.get(name)
            if moment and not is_on_clock(moment, self.event.timezone):
                self.add_error(name, _("The clocks skip this hour on that day. Choose another time."))
        return data

    def saved_fields(self) -> dict[str, Any]:
        """What a service takes of the cleaned form; limits left empty are the usual ones."""
        data = {name: self.cleaned_data[name] for name in (*FEW, *MORE)}
        data["min_per_order"] = data["min_per_order"] or 1
        data["max_per_order"] = data["max_per_order"] or max(10, data["min_per_order"])
        return data

    def say(self, error: MalyError) -> None:
        self.add_error(error.attr if error.attr in self.fields else None, error.detail)


def initial_of(ticket_type: TicketType, event: Event) -> dict[str, Any]:
    """What stands in the form of a saved ticket type."""
    zone = ZoneInfo(event.timezone)
    return {
        **{name: getattr(ticket_type, name) for name in (*FEW, *MORE)},
        "version": version_of_ticket_type(ticket_type),
        "price_amount": price_text(ticket_type.price_amount, event.currency),
        "sales_start": local_text(ticket_type.sales_start, zone),
        "sales_end": local_text(ticket_type.sales_end, zone),
    }
