"""Payouts, their failures and movements of money in words."""
