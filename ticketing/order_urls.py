"""Addresses of the organizer's order pages, below /dashboard/orders/; an order's own page is the dashboard's."""

from django.urls import path

from ticketing.views.organizer import order_changes, orders, refunds, ticket_cancellations

urlpatterns = [
    path("", orders.order_list, name="orders"),
    path("export.csv", orders.export, name="orders-export"),
    path("<str:code>/resend/", order_changes.resend, name="order-resend"),
    path("<str:code>/tickets/<str:ticket>/", order_changes.rename, name="ticket-rename"),
    path("<str:code>/tickets/<str:ticket>/cancel/", ticket_cancellations.cancel_one, name="ticket-cancel"),
    path("<str:code>/cancel/", ticket_cancellations.cancel_all, name="order-cancel"),
    path("<str:code>/refund/", refunds.refund, name="order-refund"),
    path("<str:code>/refunds/<str:refund>/", refunds.result, name="refund-result"),
]
