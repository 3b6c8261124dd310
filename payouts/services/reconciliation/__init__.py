"""Comparing Stripe with the books: import its movements, compare each with the ledger, keep what doesn't match."""
