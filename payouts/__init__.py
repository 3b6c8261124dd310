"""Payouts, statements and reconciliation. Nothing here yet; Stripe pays organizers by its own schedule."""
