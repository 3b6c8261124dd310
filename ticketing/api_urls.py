"""The API's addresses; without a trailing slash."""

from django.urls import path

from ticketing.api import checkout, events, orders, refunds

urlpatterns = [
    path("api/events", events.EventListView.as_view()),
    path("api/events/<slug:slug>", events.EventView.as_view()),
    path("api/organizations/<slug:slug>/events", events.EventCreateView.as_view()),
    path("api/events/<slug:slug>/publish", events.EventPublishView.as_view()),
    path("api/events/<slug:slug>/pause", events.EventPauseView.as_view()),
    path("api/events/<slug:slug>/cancel", events.EventCancelView.as_view()),
    path("api/events/<slug:slug>/ticket-types", events.TicketTypeCreateView.as_view()),
    path("api/events/<slug:slug>/ticket-types/<slug:public_id>", events.TicketTypeView.as_view()),
    path("api/events/<slug:slug>/orders", orders.EventOrdersView.as_view()),
    path("api/payments/quote", checkout.QuoteView.as_view()),
    path("api/payments/create-checkout-session", checkout.CheckoutView.as_view()),
    path("api/orders/<str:code>", orders.OrderView.as_view()),
    path("api/orders/<str:code>/refunds", refunds.RefundCreateView.as_view()),
    path("api/orders/<str:code>/resume", orders.OrderResumeView.as_view()),
]
