"""Addresses of the organizer's dispute pages, below /dashboard/disputes/; a dispute is named by Stripe's id."""

from django.urls import path

from ticketing.views.organizer import disputes

urlpatterns = [
    path("", disputes.dispute_list, name="disputes"),
    path("<str:dispute>/", disputes.dispute, name="dispute"),
]
