"""What people type: buyers at the checkout, organizers about their events and ticket types."""

from ticketing.forms.buyers import CheckoutForm, EmailForm, name_field, read_cart, read_quantity

__all__ = ["CheckoutForm", "EmailForm", "name_field", "read_cart", "read_quantity"]
