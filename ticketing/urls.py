"""Pages and API of events, checkout and orders."""

from django.urls import include, path

from ticketing.views import check_ins, checkout, events, orders

app_name = "ticketing"

urlpatterns = [
    path("", include("ticketing.api_urls")),
    path("", events.home, name="home"),
    path("e/<slug:slug>/", events.event, name="event"),
    path("e/<slug:slug>/checkout/", checkout.checkout, name="checkout"),
    path("dashboard/events/", include("ticketing.organizer_urls")),
    path("dashboard/orders/", include("ticketing.order_urls")),
    path("door/<str:token>/", check_ins.door, name="door"),
    path("o/<str:code>/", orders.order, name="order"),
    path("o/<str:code>/resume/", orders.resume, name="resume"),
    path("o/<str:code>/hold/", orders.keep_holding, name="hold"),
    path("o/<str:code>/cancel/", orders.cancel, name="cancel"),
    path("payment-success", orders.payment_success, name="payment-success"),
    path("payment-cancel", orders.payment_cancel, name="payment-cancel"),
]
