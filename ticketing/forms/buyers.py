"""What a buyer types: the cart in the address or the form, and the checkout's two fields."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ticketing.selectors.rows import FIELD_PREFIX

# Longer numbers are a mistake or an attack; neither is worth the arithmetic.
MOST_DIGITS = 4


class CheckoutForm(forms.Form):
    """Who buys; no account is needed, and nothing is asked that the tickets don't need."""

    email = forms.EmailField(
        label=_("Email"),
        help_text=_("We send your tickets here."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Enter an email address, like name@example.com"),
            "invalid": _("Enter an email address, like name@example.com"),
        },
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Enter your name")},
    )


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
