"""Orders by the thousand, as rows alone: no money of theirs has moved, and no books have them."""

from collections.abc import Sequence

from django.db import connection

from accounts.models import Organization
from ticketing.models import Event, Order

# Most are simply paid; the rest came to something else, or to nothing.
FATES = "(ARRAY['paid','paid','paid','paid','paid','paid','refunded','partly_refunded','disputed','expired'])"


def copy_orders(
    event: Event, count: int, *, organizations: Sequence[Organization], per_minute: int = 1
) -> None:
    """So many orders of an event, in turn of each organization, the newest first: so many in each minute."""
    given = {
        "event": event,
        "organization": event.organization,
        "email": "first@example.com",
        "name": "Ada Obi",
    }
    amounts = dict.fromkeys(
        ("subtotal_amount", "platform_fee_amount", "processing_fee_amount", "total_amount"), 0
    )
    first = Order.objects.create(**given, **amounts, currency="usd", fee_absorption="absorb")
    moment = f"now() - (n / {per_minute}) * interval '1 minute'"
    fate = f"{FATES}[1 + n %% 10]"
    changed = {
        "code": "'M-' || upper(lpad(to_hex(n), 7, '0'))",
        "organization_id": f"(ARRAY{[one.pk for one in organizations]})[1 + (n / 10) %% {len(organizations)}]",
        "email": "'buyer' || n %% 500 || '@example.com'",
        "status": fate,
        "total_amount": "5000",
        "subtotal_amount": "5000",
        "platform_fee_amount": "275",
        "processing_fee_amount": "175",
        "completed_at": f"CASE WHEN {fate} <> 'expired' THEN date_trunc('minute', {moment}) END",
    }
    columns = [field.column for field in Order._meta.concrete_fields if not field.primary_key]
    values = ", ".join(changed.get(column, f'"{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO ticketing_order ({names}) SELECT {values} "  # noqa: S608
            f"FROM ticketing_order, generate_series(%s, 1, -1) AS n WHERE id = %s",
            [count, first.pk],
        )
        cursor.execute("DELETE FROM ticketing_order WHERE id = %s", [first.pk])
        cursor.execute("ANALYZE ticketing_order")
