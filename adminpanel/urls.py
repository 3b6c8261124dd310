"""Addresses of the cockpit's pages."""

from django.urls import URLPattern, include, path

from adminpanel.views import (
    audit,
    dispute_decisions,
    disputes,
    exceptions,
    fees,
    operations,
    operations_acts,
    organizations,
    overview,
    payouts,
    premium,
    revenue,
    transactions,
)

app_name = "adminpanel"

urlpatterns: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("revenue/", revenue.revenue, name="revenue"),
    path("revenue/export.csv", revenue.revenue_export, name="revenue-export"),
    path("operations/", operations.operations, name="operations"),
    path("operations/inbox/", operations.operations_inbox, name="operations-inbox"),
    path("operations/inbox/replay/", operations_acts.replay_events, name="operations-replay"),
    path("operations/inbox/acknowledge/", operations_acts.acknowledge_events, name="operations-acknowledge"),
    path("operations/inbox/<int:stripe_event>/", operations.operations_event, name="operations-event"),
    path("operations/outbox/", operations.operations_outbox, name="operations-outbox"),
    path("operations/outbox/send-again/", operations_acts.send_messages_again, name="operations-send-again"),
    path("transactions/", transactions.transaction_list, name="transactions"),
    path("transactions/export.csv", transactions.transaction_export, name="transactions-export"),
    path("transactions/<str:code>/", transactions.transaction, name="transaction"),
    path("payouts/", payouts.payout_list, name="payouts"),
    path("payouts/<str:payout>/", payouts.payout, name="payout"),
    path("disputes/", disputes.dispute_list, name="disputes"),
    path("disputes/<str:dispute>/", disputes.dispute, name="dispute"),
    path("disputes/<str:dispute>/send/", dispute_decisions.send, name="dispute-send"),
    path("disputes/<str:dispute>/accept/", dispute_decisions.accept, name="dispute-accept"),
    path("disputes/<str:dispute>/settle/", dispute_decisions.settle, name="dispute-settle"),
    path("exceptions/", exceptions.exception_list, name="exceptions"),
    path("exceptions/<int:exception>/", exceptions.exception, name="exception"),
    path("exceptions/<int:exception>/explain/", exceptions.explain_exception, name="exception-explain"),
    path("organizations/", organizations.organizations, name="organizations"),
    path("organizations/<slug:slug>/", include("adminpanel.organization_urls")),
    path("settings/fees/", fees.fees, name="fees"),
    path("settings/fees/new/", fees.new, name="plan-terms"),
    path("settings/fees/preview/", fees.preview, name="plan-terms-preview"),
    path("premium/", premium.premium, name="premium"),
    path("audit/", audit.audit, name="audit"),
    path("audit.csv", audit.audit_csv, name="audit-csv"),
]
