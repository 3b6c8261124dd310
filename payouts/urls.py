"""Addresses of payouts: balance, schedule and payouts of an organization."""

from django.urls import path

from payouts import api

app_name = "payouts"

urlpatterns = [
    path("api/organizations/<slug:slug>/balance", api.ShowBalance.as_view(), name="balance"),
    path("api/organizations/<slug:slug>/payout-schedule", api.Schedule.as_view(), name="schedule"),
    path("api/organizations/<slug:slug>/payouts", api.Payouts.as_view(), name="payouts"),
    path("api/organizations/<slug:slug>/payouts/<str:payout_id>", api.ShowPayout.as_view(), name="payout"),
]
