"""Addresses of payouts: balance, schedule, payouts and statements of an organization, and the organizer's pages."""

from django.urls import path

from payouts.api import payouts as api
from payouts.api import statements as statements_api
from payouts.views import pay_out, payouts, statements

app_name = "payouts"

urlpatterns = [
    path("dashboard/payouts/", payouts.payout_list, name="payout-list"),
    path("dashboard/payouts/new/", pay_out.pay_out, name="pay-out"),
    path("dashboard/payouts/<str:payout_id>/", payouts.payout, name="payout-detail"),
    path("dashboard/payouts/<str:payout_id>/payout.csv", payouts.payout_export, name="payout-export"),
    path("dashboard/statements/", statements.statement_list, name="statement-list"),
    path("dashboard/statements/<str:month>/", statements.statement, name="statement-page"),
    path("dashboard/statements/<str:month>/statement.csv", statements.statement_csv, name="statement-csv"),
    path("dashboard/statements/<str:month>/statement.pdf", statements.statement_pdf, name="statement-pdf"),
    path("api/organizations/<slug:slug>/balance", api.ShowBalance.as_view(), name="balance"),
    path("api/organizations/<slug:slug>/payout-schedule", api.Schedule.as_view(), name="schedule"),
    path("api/organizations/<slug:slug>/payouts", api.Payouts.as_view(), name="payouts"),
    path("api/organizations/<slug:slug>/payouts/<str:payout_id>", api.ShowPayout.as_view(), name="payout"),
    path("api/organizations/<slug:slug>/statements", statements_api.Statements.as_view(), name="statements"),
    path(
        "api/organizations/<slug:slug>/statements/<str:month>",
        statements_api.ShowStatement.as_view(),
        name="statement",
    ),
]
