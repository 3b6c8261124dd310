"""Ticketing in the Django admin: events and ticket types are edited by the services, money is only looked at."""

from ticketing.admin import cancellations, check_ins, disputes, events, orders, payments, refunds, tickets

__all__ = ["cancellations", "check_ins", "disputes", "events", "orders", "payments", "refunds", "tickets"]
