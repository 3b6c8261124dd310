"""What must be true of payouts, and of Stripe and the books. Numbers as in the platform's list of invariants."""

from payouts.invariants import payouts, reconciliation

__all__ = ["payouts", "reconciliation"]
