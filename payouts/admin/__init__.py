"""Payouts in the Django admin, by noun."""

from payouts.admin import holding, payouts, reconciliation

__all__ = ["holding", "payouts", "reconciliation"]
