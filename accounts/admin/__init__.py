"""Accounts in the Django admin. Whoever holds power over money changes by the services, not by these forms."""

from accounts.admin import audit_entries, keys, organizations, people

__all__ = ["audit_entries", "keys", "organizations", "people"]
