"""The audit log as staff read it: found by everything, paged both ways, in words, masked, and by its indexes."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Organization, User
from accounts.services.audit import record
from accounts.tests.factories import OrganizationFactory
from adminpanel.selectors.audit import list_entries
from adminpanel.selectors.audit_filters import AuditFilters, filter_entries, read_filters
from connect.models import FeePlan
from connect.services.terms import assign_plan

AUDIT = "/admin/audit/"
# Of each 500 entries one is staff's, of each 100 one is the organization's.
LONG_LOG = """
INSERT INTO accounts_auditentry
    (actor_kind, actor_id, action, organization_id, subject, before, after, reason, request_id, at)
SELECT CASE WHEN n % 500 = 0 THEN 'staff' ELSE 'webhook' END, CASE WHEN n % 500 = 0 THEN %s END,
    CASE WHEN n % 500 = 0 THEN 'fees.override_set' ELSE 'order.paid' END,
    CASE WHEN n % 100 = 0 THEN %s ELSE %s END, 'order:' || n, '{}', '{}', '', '',
    '2026-01-01'::timestamptz + n * interval '1 minute'
FROM generate_series(1, 20000) n
""".replace("% ", "%% ")
LONG_AGO = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def write(count: int, **entry: object) -> list[AuditEntry]:
    """Entries a minute apart."""
    return AuditEntry.objects.bulk_create(
        AuditEntry(
            **{"action": "order.paid", "actor_kind": "webhook", **entry}, at=LONG_AGO + timedelta(minutes=n)
        )
        for n in range(count)
    )


def shown(client: Client, **query: str) -> list[str]:
    found = client.get(AUDIT, query)
    assert found.status_code == 200
    return [row.entry.subject for row in found.context["list"].rows]


def test_an_entry_is_found_by_who_what_whose_about_and_when(
    client: Client, organization: Organization, organizer: User, staff: User
) -> None:
    record("refund.requested", organization=organization, subject="order:M-7K2QX4C", actor=organizer)
    record("order.paid", organization=OrganizationFactory(), subject="order:M-ZZZZZZZ")
    assign_plan(organization, plan=FeePlan.objects.get(code="host"), actor=staff, reason="Agreed")
    write(1, subject="old")
    order, today = ["order:M-7K2QX4C"], f"{datetime.now(UTC):%Y-%m-%d}"
    assert shown(client, who="organizer@") == order
    assert shown(client, subject="m-7k2qx4c") == order
    assert shown(client, action="refund.requested", organization="harbour-arts") == order
    assert shown(client, organization="Harbour") == ["", *order]
    assert shown(client, kind="staff") == [""]
    assert shown(client, to="2026-03-01") == ["old"]
    assert "old" not in shown(client, **{"from": today})
    assert len(shown(client, **{"from": "yesterday", "kind": "nobody"})) == 4
    assert shown(client, who="nobody@") == []
    assert (
        b"No entries match"
        in client.get(AUDIT, {"who": "\x00nobody", "to": "9999-12-31", "after": "x"}).content
    )


def test_pages_lead_on_and_back_without_missing_an_entry(staff: User) -> None:
    written = write(70)
    first = list_entries(AuditFilters())
    second = list_entries(AuditFilters(), before=first.older)
    third = list_entries(AuditFilters(), before=second.older)
    seen = [row.entry.pk for page in (first, second, third) for row in page.rows]
    assert seen == [entry.pk for entry in reversed(written)]
    assert (first.newer, third.older) == ("", "")
    back = list_entries(AuditFilters(), after=third.newer)
    assert [row.entry.pk for row in back.rows] == [row.entry.pk for row in second.rows]
    assert back.older_query == f"before={second.older}"


def test_before_and_after_stand_side_by_side_in_words_and_ids_are_masked(
    client: Client, organization: Organization, staff: User
) -> None:
    record(
        "fees.override_set",
        organization=organization,
        actor=staff,
        actor_kind="staff",
        before={"percent": "4", "fixed_amount": 75, "currency": "usd", "is_override": False},
        after={"percent": "3.5", "fixed_amount": 50, "currency": "usd", "is_override": True},
        reason="For acct_1PabcdefghijX7Qz",
    )
    page = client.get(AUDIT)
    (row,) = page.context["list"].rows
    assert row.what == "Own rate set"
    assert {(one.name, one.before, one.after) for one in row.differences} == {
        ("Percent", "4 %", "3.5 %"),
        ("Per ticket", "$0.75", "$0.50"),
        ("Own rate", "No", "Yes"),
    }
    lines = b"".join(client.get("/admin/audit.csv").streaming_content).decode()
    assert "acct_1PabcdefghijX7Qz" not in page.content.decode() + lines
    assert "For acct_1Pab…X7Qz" in lines
    assert '""fixed_amount"": 50' in lines


def test_the_log_takes_the_same_few_queries_however_long_it_is(
    client: Client, organization: Organization
) -> None:
    counts = []
    for _more in range(2):
        write(40, organization=organization)
        client.get(AUDIT)
        with CaptureQueriesContext(connection) as seen:
            client.get(AUDIT, {"organization": organization.slug, "who": "admin@"})
        counts.append(len(seen))
    assert counts == [6, 6]


def test_a_page_of_a_long_log_is_read_by_an_index(organization: Organization, staff: User) -> None:
    some_days = {"from": "2026-01-05", "to": "2026-01-06"}
    with connection.cursor() as cursor:
        cursor.execute(LONG_LOG, [staff.pk, organization.pk, OrganizationFactory().pk])
        cursor.execute("ANALYZE accounts_auditentry")
    for index, query in (
        ("audit_at", {}),
        ("audit_of_organization", {"organization": "harbour-arts"}),
        ("audit_actor", {"who": "admin@"}),
        ("audit_action", {"action": "fees.override_set"}),
        ("audit_by_staff", {"kind": "staff"}),
        ("audit_subject", {"subject": "M-7K2QX4C"}),
        ("audit_at", some_days),
        ("audit_of_organization", {"organization": "harbour-arts", **some_days}),
    ):
        plan = json.loads(filter_entries(read_filters(query))[:26].explain(format="json"))
        assert index in [node.get("Index Name") for node in nodes(plan[0]["Plan"])], query


def nodes(plan: dict[str, object]) -> list[dict[str, object]]:
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    return [plan, *(node for each in below for node in nodes(each))]
