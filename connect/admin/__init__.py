"""Connect in the Django admin: rates are added, with a reason; events are replayed; the rest is looked at."""

from connect.admin import accounts, events, fees, mirrored

__all__ = ["accounts", "events", "fees", "mirrored"]
