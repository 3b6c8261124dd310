"""Tickets, to look at."""

from django.contrib import admin

from accounts.admin.base import ReadOnly, StaffAdmin
from ticketing.models import Ticket


@admin.register(Ticket)
class TicketAdmin(ReadOnly, StaffAdmin):
    currency_at = "order.currency"
    list_display = ("code", "event", "order", "holder_name", "status", "payment_status", "paid_amount")
    list_select_related = ("event", "order")
    ordering = ("-id",)
    sortable_by = ()
    found_by = ("code", "order__code")
    found_under = ("event__slug",)
    search_help_text = "Code of ticket or order, event's address"
