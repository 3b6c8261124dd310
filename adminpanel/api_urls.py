"""Addresses of the platform admins' API."""

from django.urls import URLPattern, path

from adminpanel.api import disputes, fees, operations, organizations, payouts, revenue, transactions

urlpatterns: list[URLPattern] = [
    path("stats", revenue.ShowStats.as_view()),
    path("revenue", revenue.Revenue.as_view()),
    path("operations", operations.ShowOperations.as_view()),
    path("operations/events/replay", operations.ReplayEvents.as_view()),
    path("operations/events/acknowledge", operations.AcknowledgeEvents.as_view()),
    path("transactions", transactions.Transactions.as_view()),
    path("payouts", payouts.Payouts.as_view()),
    path("disputes", disputes.Disputes.as_view()),
    path("organizations", organizations.ListOrganizations.as_view()),
    path("organizations/<slug:slug>", organizations.ShowOrganization.as_view()),
    path("organizations/<slug:slug>/plan", organizations.AssignPlan.as_view()),
    path("organizations/<slug:slug>/flag", organizations.Flag.as_view()),
    path("organizations/<slug:slug>/unflag", organizations.Unflag.as_view()),
    path("fees/default", fees.SetDefaultFees.as_view()),
]
