"""Rows of any table, made up from its columns: for tests that need many of everything, whatever they mean."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.utils.timezone import now

# What every object of Stripe's has that dj-stripe names one by.
STRIPE_DATA = {
    "amount": 100,
    "amount_due": 100,
    "amount_paid": 100,
    "total": 100,
    "unit_amount": 100,
    "currency": "usd",
    "type": "one_time",
}
# What a column must hold where its own kind of value would break a constraint.
FIXED: dict[str, dict[str, Any]] = {
    "accounts.organization": {"kind": "team", "host": None},
    "connect.feeplan": {"is_default_for": ""},
    "ticketing.event": {"starts_at": now, "ends_at": lambda: now() + timedelta(days=2), "doors_at": None},
    "ticketing.tickettype": {"min_per_order": 1, "max_per_order": 9},
    "ticketing.order": {"status": "paid"},
    "ticketing.payment": {"status": "succeeded"},
    "ticketing.refund": {"amount": 1, "status": "succeeded"},
    "ticketing.transferreversal": {"dispute": None, "transfer": None},
    "ticketing.organizerreceivable": {"dispute": None, "amount": 1},
    "ticketing.organizertransfer": {"amount": 1, "status": "succeeded", "dispute": None},
    "ticketing.dispute": {"answer": "", "answer_key": None},
    "ticketing.checkin": {"door": None},
    "payouts.payoutrequest": {"status": "refused", "payout": None, "request_key": ""},
    "djstripe.dispute": {"stripe_data": {"status": "won", **STRIPE_DATA}},
    "djstripe.subscription": {"stripe_data": {"status": "active", **STRIPE_DATA}},
    "premium.subscription": {"status": "canceled", "current_period_end": lambda: now() + timedelta(days=2)},
    "premium.subscriptioncheckout": {"status": "expired"},
    "premium.premiumrefund": {"amount": 1},
    "ledger.ledgerentry": {"amount": 1},
    "ledger.ledgertransaction": {"reverses": None},
}
Made = dict[type[models.Model], list[Any]]


@contextmanager
def without_triggers() -> Iterator[None]:
    """Let rows be made that triggers and foreign keys would ask about."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin")


def make_rows(model: type[models.Model], count: int, made: Made) -> list[Any]:
    """See that there are `count` rows of a table, and as many of each that it points to."""
    rows = made.setdefault(model, [])
    if len(rows) >= count:
        return rows
    first = len(rows)
    rows.extend([None] * (count - first))  # so that a circle of tables comes to an end
    new = [
        model(**{field.attname: _value(field, number, count, made) for field in _columns(model)})
        for number in range(first, count)
    ]
    rows[first:] = model._base_manager.bulk_create(new)
    return rows


def _columns(model: type[models.Model]) -> list[Any]:
    return [
        field
        for field in model._meta.concrete_fields
        if not isinstance(field, models.AutoField)
        and not isinstance(field, models.GeneratedField)
        and not (field.has_db_default() and not field.has_default())
    ]


def _value(field: Any, number: int, count: int, made: Made) -> Any:
    fixed = FIXED.get(field.model._meta.label_lower, {})
    if field.name in fixed:
        return fixed[field.name]() if callable(fixed[field.name]) else fixed[field.name]
    if field.name == "stripe_data":
        return {"status": "paid", **STRIPE_DATA}
    if field.is_relation:
        return _key(field, number, count, made)
    if field.choices:
        return field.flatchoices[0][0]
    if field.name == "currency":
        return "usd"
    if isinstance(field, models.FileField):
        return ""
    if field.has_default() and not field.unique:
        return field.get_default()
    return _plain(field, number)


def _key(field: Any, number: int, count: int, made: Made) -> Any:
    target = field.related_model
    rows = make_rows(target, count, made) if target is not field.model else made[target]
    row = rows[number % len(rows)]
    return None if row is None else getattr(row, field.target_field.attname)


def _plain(field: Any, number: int) -> Any:
    match field:
        case models.EmailField():
            return f"person{number}@example.com"
        case models.CharField() | models.TextField():
            most = field.max_length or 40
            return f"{field.name}-{number:06d}"[-most:]
        case models.BooleanField():
            return False
        case models.DateTimeField():
            return None if field.null else now() + timedelta(seconds=number)
        case models.DateField():
            return (now() + timedelta(days=number)).date()
        case models.UUIDField():
            return uuid.uuid4()
        case models.JSONField():
            return {}
        case models.DecimalField():
            return Decimal(1)
        case models.GenericIPAddressField():
            return "127.0.0.1"
    return number if field.unique or field.name == "sequence" else 0
