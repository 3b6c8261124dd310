"""What people type: buyers at the checkout, organizers about their events and ticket types."""

from ticketing.forms.buyers import CheckoutForm, read_cart, read_quantity

__all__ = ["CheckoutForm", "read_cart", "read_quantity"]
