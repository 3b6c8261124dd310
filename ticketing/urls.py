"""Pages and API of events, checkout and orders."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.sitemaps import views as sitemap_views
from django.urls import include, path

from ticketing.sitemaps import SITEMAPS
from ticketing.views import (
    check_ins,
    checkout,
    crawlers,
    event_files,
    events,
    order_files,
    orders,
    organizers,
    tickets,
)

app_name = "ticketing"

urlpatterns = [
    path("", include("ticketing.api_urls")),
    path("", events.home, name="home"),
    path("robots.txt", crawlers.robots, name="robots"),
    path(
        "sitemap.xml",
        login_not_required(sitemap_views.index),
        {"sitemaps": SITEMAPS, "sitemap_url_name": "ticketing:sitemap-section"},
        name="sitemap",
    ),
    path(
        "sitemap-<slug:section>.xml",
        login_not_required(sitemap_views.sitemap),
        {"sitemaps": SITEMAPS},
        name="sitemap-section",
    ),
    path("e/<slug:slug>/", events.event, name="event"),
    path("organizers/<slug:slug>/", organizers.organizer, name="organizer"),
    path("e/<slug:slug>/event.ics", event_files.calendar, name="calendar"),
    path("e/<slug:slug>/preview-<slug:version>.jpg", event_files.preview, name="preview"),
    path("e/<slug:slug>/checkout/", checkout.checkout, name="checkout"),
    path("dashboard/events/", include("ticketing.organizer_urls")),
    path("dashboard/orders/", include("ticketing.order_urls")),
    path("dashboard/disputes/", include("ticketing.dispute_urls")),
    path("door/<str:token>/", check_ins.door, name="door"),
    path("o/<str:code>/", orders.order, name="order"),
    path("o/<str:code>/resume/", orders.resume, name="resume"),
    path("o/<str:code>/hold/", orders.keep_holding, name="hold"),
    path("o/<str:code>/cancel/", orders.cancel, name="cancel"),
    path("o/<str:code>/email/", orders.email, name="order-email"),
    path("o/<str:code>/tickets.pdf", order_files.tickets, name="order-pdf"),
    path("o/<str:code>/event.ics", order_files.calendar, name="order-calendar"),
    path("tickets/", tickets.my_tickets, name="my-tickets"),
    path("tickets/find/", tickets.find, name="find-tickets"),
    path("tickets/close/", tickets.close, name="my-tickets-close"),
    path("tickets/link/", tickets.link, name="my-tickets-link"),
    path("payment-success", orders.payment_success, name="payment-success"),
    path("payment-cancel", orders.payment_cancel, name="payment-cancel"),
]
