"""The Django admin's lists and searches go by an index, however many rows there are."""

import json
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry, User
from connect.models import StripeEvent
from ledger.models import LedgerTransaction
from maly.tests.rows import Made, make_rows, without_triggers
from notifications.models import Message
from payouts.models import BalanceImport, BalanceTransaction
from ticketing.models import Order, Payment, Ticket

ROWS = 800
MOST_OF_FIND = 60
BIG = (AuditEntry, LedgerTransaction, Message, Order, Payment, StripeEvent, Ticket)


def changelist(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.broken_books("Rows are made up from the columns of their tables.")
@pytest.mark.django_db
def test_no_list_and_no_search_reads_a_big_table_from_end_to_end(
    desk: Client, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Made = {}
    with without_triggers():
        for model in BIG:
            make_rows(model, ROWS, made)
        with connection.cursor() as cursor:
            for model in BIG:
                cursor.execute(f'ANALYZE "{model._meta.db_table}"')
        movement, read = make_rows(BalanceTransaction, 1, made)[0], make_rows(BalanceImport, 1, made)[0]
    Order.objects.filter(pk=made[Order][7].pk).update(email="somebody@example.com")
    words = [made[Order][7].code, "somebody@example.com", made[Payment][7].charge_id, "evt_1", "order:M-1"]
    complaints = []
    for model, page in admin.site._registry.items():
        wanted = words if model in BIG else words[:1]
        asked = [{"q": word} for word in wanted] if page.get_search_fields(None) else []
        for query in [{}, *asked] if model in BIG else asked:
            request = RequestFactory().get("/", query)
            request.user = staff
            with CaptureQueriesContext(connection) as queries:
                list(page.get_changelist_instance(request).result_list)
            complaints += [f"{model.__name__} {query}: {found}" for found in _read_through(queries)]
    event = made[StripeEvent][7]
    StripeEvent.objects.filter(pk=event.pk).update(event_id="evt_find")
    BalanceTransaction.objects.update(stripe_id="txn_find", account_id=read.account_id)
    for name, row in (("evt_find", event), ("txn_find", movement)):
        page = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        with CaptureQueriesContext(connection) as queries:
            assert desk.get("/staff/find/", {"q": name}).headers["Location"] == reverse(page, args=[row.pk])
        complaints += [f"find: {found}" for found in _read_through(queries)]
    with CaptureQueriesContext(connection) as queries:
        desk.get("/staff/find/", {"q": words[0]})
    complaints += [f"find: {found}" for found in _read_through(queries)]
    assert len(queries) <= MOST_OF_FIND
    assert complaints == []
    monkeypatch.setattr("accounts.admin.lists.COUNTED", 100)
    assert f"About {ROWS} orders" in desk.get(changelist(Order)).content.decode()


def _read_through(queries: CaptureQueriesContext) -> list[str]:
    """The big tables that one of these statements reads whole. Counting stops at its limit."""
    tables = {model._meta.db_table for model in BIG}
    found = []
    for query in queries:
        sql = query["sql"]
        if not sql.startswith(("SELECT", "(SELECT")) or not any(f'"{table}"' in sql for table in tables):
            continue
        if sql.startswith("SELECT COUNT(*) FROM (") and "LIMIT 10001" in sql and "WHERE" not in sql:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
            plan = cursor.fetchone()[0]
        plan = json.loads(plan) if isinstance(plan, str) else plan
        found += [f"{table} by {sql[:300]}" for table in _scanned(plan[0]["Plan"]) & tables]
    return found


def _scanned(plan: dict[str, Any]) -> set[str]:
    """The tables that a plan reads row by row: whole, or along an index while it looks for what no index knows."""
    is_whole = plan["Node Type"] == "Seq Scan" or ("Filter" in plan and "Index Cond" not in plan)
    here = {plan["Relation Name"]} if is_whole and "Relation Name" in plan else set()
    return here.union(*(_scanned(each) for each in plan.get("Plans", [])))
