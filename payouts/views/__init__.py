"""Organizers' pages: payouts, paying out, statements."""
