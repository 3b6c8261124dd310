"""The Django admin: who gets in, what may be changed of each table, and pages that stay the same size."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from maly.tests.rows import Made, make_rows, without_triggers

FEW, MANY = 2, 7
# The most that a page may ask, and a row's own with everything that belongs to it.
MOST_OF_LIST, MOST_OF_ROW = 12, 30
# What even a superuser may do to each table: everything that isn't here can only be looked at.
MAY = {
    "accounts.user": "add change",
    "accounts.organization": "change",
    "auth.group": "add change",
    "connect.feeterms": "add",
    "connect.feeoverride": "add",
    "connect.planassignment": "add",
    "payouts.payouthold": "add change",
    "payouts.payoutholdexception": "add",
    "payouts.payoutrelease": "add",
    "ticketing.event": "add change",
    "ticketing.tickettype": "add change",
}
# What has no page: secrets, what only the code reads, and rows that are shown with the one that owns them.
HIDDEN = {
    "accounts.idempotentrequest",
    "adminpanel.revenuemark",
    "adminpanel.sweeprun",
    "ledger.ledgerentry",
    "notifications.deliveryevent",
    "notifications.mailboxmail",
    "notifications.mailchoice",
    "notifications.pushsubscription",
    "payouts.lastseen",
    "ticketing.applicationfeerefund",
    "ticketing.eventlisting",
    "ticketing.formeraddress",
    "ticketing.orderline",
    "ticketing.refundticket",
    "ticketing.transferreversal",
}
OURS = {"accounts", "adminpanel", "connect", "ledger", "notifications", "payouts", "premium", "ticketing"}


def pages() -> list[tuple[str, Any]]:
    return sorted((model._meta.label_lower, page) for model, page in admin.site._registry.items())


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.django_db
def test_what_may_be_changed_is_declared(staff: User) -> None:
    request = RequestFactory().get("/staff/")
    request.user = staff
    found = {}
    for label, page in pages():
        allowed = {
            "add": page.has_add_permission(request),
            "change": page.has_change_permission(request),
            "delete": page.has_delete_permission(request),
        }
        if may := " ".join(verb for verb, is_allowed in allowed.items() if is_allowed):
            found[label] = may
    assert found == MAY
    mirrored = [
        model for model in apps.get_app_config("djstripe").get_models() if admin.site.is_registered(model)
    ]
    assert "APIKey" not in {model.__name__ for model in mirrored}
    # dj-stripe's own actions would ask and change Stripe.
    assert all(not admin.site._registry[model].get_actions(request) for model in mirrored)


def test_every_table_has_a_page_or_is_hidden_on_purpose() -> None:
    ours = {model for model in apps.get_models() if model._meta.app_label in OURS}
    assert {model._meta.label_lower for model in ours - admin.site._registry.keys()} == HIDDEN


@pytest.mark.broken_books("Rows are made up from the columns of their tables.")
@pytest.mark.django_db
def test_every_page_opens_and_asks_the_same_of_few_rows_as_of_many(desk: Client) -> None:
    complaints, asked = [], {}
    made: Made = {}
    for count in (FEW, MANY):
        with without_triggers():
            for _label, page in pages():
                make_rows(page.model, count, made)
        for label, page in pages():
            with CaptureQueriesContext(
                connection,
            ) as queries:
                answer = desk.get(address(page.model, "changelist"))
            if answer.status_code != 200:
                complaints.append(f"{label}: {answer.status_code}")
            if len(queries) > MOST_OF_LIST or asked.setdefault(label, len(queries)) != len(queries):
                complaints.append(f"{label}: {asked[label]} queries, {len(queries)} for {count} rows")
    for label, page in pages():
        may = MAY.get(label, "")
        added = desk.get(address(page.model, "add")).status_code
        if added != (200 if "add" in may else 403):
            complaints.append(f"{label}: add answers {added}")
        with CaptureQueriesContext(connection) as queries:
            answer = desk.get(address(page.model, "change", made[page.model][1].pk))
        if answer.status_code != 200 or len(queries) > MOST_OF_ROW:
            complaints.append(f"{label}: {answer.status_code}, {len(queries)} queries for one row")
        removed = desk.post(
            address(page.model, "delete", made[page.model][1].pk), {"post": "yes"}
        ).status_code
        if removed != 403:
            complaints.append(f"{label}: delete answers {removed}")
    assert complaints == []
