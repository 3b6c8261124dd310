"""The API's addresses; without a trailing slash."""

from django.urls import path

from ticketing.api import cancellations, check_ins, checkout, events, orders, refunds

urlpatterns = [
    path("api/events", events.EventListView.as_view()),
    path("api/events/<slug:slug>", events.EventView.as_view()),
    path("api/organizations/<slug:slug>/events", events.EventCreateView.as_view()),
    path("api/events/<slug:slug>/publish", events.EventPublishView.as_view()),
    path("api/events/<slug:slug>/pause", events.EventPauseView.as_view()),
    path("api/events/<slug:slug>/cancel", cancellations.EventCancelView.as_view()),
    path("api/events/<slug:slug>/cancellation", cancellations.CancellationView.as_view()),
    path("api/events/<slug:slug>/ticket-types", events.TicketTypeCreateView.as_view()),
    path("api/events/<slug:slug>/ticket-types/<slug:public_id>", events.TicketTypeView.as_view()),
    path("api/events/<slug:slug>/orders", orders.EventOrdersView.as_view()),
    path("api/events/<slug:slug>/check-ins", check_ins.CheckInView.as_view()),
    path("api/events/<slug:slug>/check-ins/<slug:public_id>", check_ins.CheckInUndoView.as_view()),
    path("api/events/<slug:slug>/check-in-list", check_ins.CheckInListView.as_view()),
    path("api/payments/quote", checkout.QuoteView.as_view()),
    path("api/payments/create-checkout-session", checkout.CheckoutView.as_view()),
    path("api/orders/<str:code>/refunds", refunds.RefundCreateView.as_view()),
    path("api/orders/<str:code>/resume", orders.OrderResumeView.as_view()),
]
