"""What a buyer types: the cart in the address or the form, the checkout's fields, an email address."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ticketing.selectors.rows import FIELD_PREFIX, TicketRow
from ticketing.services.offers import LONGEST_NAME

# Longer numbers are a mistake or an attack; neither is worth the arithmetic.
MOST_DIGITS = 4
NAME_PREFIX = "who-"


def email_field(**more: Any) -> forms.EmailField:
    words = _("Enter an email address, like name@example.com")
    return forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": words, "invalid": words},
        **more,
    )


class EmailForm(forms.Form):
    """One address: where to send a link, or the tickets."""

    email = email_field()


class CheckoutForm(forms.Form):
    """Who buys, and who comes where the organizer asks (`rows`); no account is needed, and nothing else is asked."""

    email = email_field(help_text=_("We send your tickets here."))
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Enter your name")},
    )

    def __init__(self, *args: Any, rows: Sequence[TicketRow] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            for number in range(1, row.quantity + 1):
                self.fields[name_field(row.id, number)] = forms.CharField(
                    label=_("%(type)s, ticket %(number)s") % {"type": row.name, "number": number},
                    required=False,
                    max_length=LONGEST_NAME,
                    widget=forms.TextInput(attrs={"autocomplete": "off"}),
                )

    @property
    def attendees(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(NAME_PREFIX)]

    @property
    def spare_names(self) -> list[tuple[str, str]]:
        """Names typed for tickets that were taken out: they are there again if the tickets come back."""
        given = self.data if self.is_bound else self.initial
        names = {name: str(given[name]) for name in given if name.startswith(NAME_PREFIX)}
        return [(name, value) for name, value in names.items() if value and name not in self.fields]

    def names_for(self, row: TicketRow) -> tuple[str, ...]:
        """What was typed for each of a row's tickets, in order; nothing where nobody asked."""
        if row not in self.rows:
            return ()
        return tuple(self.cleaned_data[name_field(row.id, number)] for number in range(1, row.quantity + 1))


def name_field(ticket_type: str, number: int) -> str:
    """The field for the name on the n-th ticket of a type."""
    return f"{NAME_PREFIX}{ticket_type}-{number}"


def read_cart(data: QueryDict) -> dict[str, int]:
    """Quantities by ticket type id; what is no number counts as none. The steppers' buttons count too."""
    cart = {
        name.removeprefix(FIELD_PREFIX): read_quantity(value)
        for name, value in data.items()
        if name.startswith(FIELD_PREFIX)
    }
    for button, step in (("add", 1), ("remove", -1), ("clear", -(10**MOST_DIGITS))):
        ticket_type = data.get(button, "")
        if ticket_type in cart:
            cart[ticket_type] = max(0, cart[ticket_type] + step)
    return {ticket_type: quantity for ticket_type, quantity in cart.items() if quantity}


def read_quantity(text: object) -> int:
    """A whole number from 0 on; anything else is 0."""
    digits = str(text).strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS else 0
