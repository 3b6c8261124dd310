"""The organizer's home, payment settings, and an order in detail."""
