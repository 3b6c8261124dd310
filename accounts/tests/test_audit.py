"""The audit log: what it keeps, and that nobody can change it."""

import pytest
from django.db import DatabaseError, connection, transaction
from structlog.contextvars import bound_contextvars

from accounts.models import AuditEntry, Organization, User
from accounts.services.audit import record


def test_an_entry_says_who_did_what_to_what_and_why(organization: Organization, organizer: User) -> None:
    with bound_contextvars(request_id="4c1f"):
        entry = record(
            "fees.override_set",
            organization=organization,
            subject="organization:harbour-arts",
            actor=organizer,
            before={"percent": "4.0"},
            after={"percent": "3.5"},
            reason="Charity",
        )
    entry.refresh_from_db()
    assert entry.actor == organizer
    assert entry.actor_kind == "member"
    assert (entry.before, entry.after) == ({"percent": "4.0"}, {"percent": "3.5"})
    assert (entry.reason, entry.request_id) == ("Charity", "4c1f")


def test_an_entry_without_an_actor_is_a_sweeps_unless_said_otherwise(db: None) -> None:
    assert record("hold.expired").actor_kind == "sweep"
    assert record("order.paid", actor_kind=AuditEntry.Actor.WEBHOOK).actor_kind == "webhook"


def test_an_entry_falls_with_the_transaction_that_it_tells_of(db: None) -> None:
    with pytest.raises(ZeroDivisionError):
        _record_and_fail()
    assert not AuditEntry.objects.exists()


def _record_and_fail() -> None:
    with transaction.atomic():
        record("order.paid")
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditentry SET reason = 'other'",
        "DELETE FROM accounts_auditentry",
        "TRUNCATE accounts_auditentry",
        "TRUNCATE accounts_auditentry CASCADE",
    ],
)
def test_the_database_refuses_to_change_the_log(db: None, statement: str) -> None:
    entry = record("order.paid", reason="first")
    with pytest.raises(DatabaseError, match="append-only"):
        _execute(statement)
    entry.refresh_from_db()
    assert entry.reason == "first"


def _execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # Else a TRUNCATE stumbles over the insert's own checks.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


def test_the_orm_cannot_get_round_it(db: None) -> None:
    entry = record("order.paid")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        entry.delete()
    entry.reason = "other"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        entry.save()
    assert AuditEntry.objects.get().reason == ""
