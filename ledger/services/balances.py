"""What stands in the accounts: the last checkpoint plus what isn't sealed yet, read in one statement.

Amounts are signed minor units: a debit balance is positive, a credit balance (what is owed, earned) negative.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Organization
from ledger.chart import Account

COLUMNS = "SELECT code, kind, currency, organization_id, amount FROM ledger_balance"
# Entries are taken back from today's balance, since checkpoints follow the order of sealing, not Stripe's time.
LATER = """
SELECT balance.amount - COALESCE((
    SELECT sum(entry.amount)
    FROM ledger_ledgertransaction posted JOIN ledger_ledgerentry entry ON entry.transaction_id = posted.id
    WHERE entry.account_id = balance.account_id AND posted.occurred_at > %(at)s
), 0)::bigint
FROM ledger_balance balance WHERE balance.code = %(code)s AND balance.currency = %(currency)s
"""


@dataclass(frozen=True)
class AccountBalance:
    """The balance of one account in minor units of `currency`; a debit balance is positive."""

    code: str
    kind: str
    currency: str
    organization_id: int | None
    amount: int

    @property
    def debit_amount(self) -> int:
        return max(self.amount, 0)

    @property
    def credit_amount(self) -> int:
        return max(-self.amount, 0)


def balance(account: Account, *, currency: str, at: datetime | None = None) -> int:
    """The balance of an account in minor units, now or after everything that had occurred up to `at`.

    An account that nothing was posted to stands at 0.
    """
    query = (
        LATER if at else "SELECT amount FROM ledger_balance WHERE code = %(code)s AND currency = %(currency)s"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, {"code": account.code, "currency": currency, "at": at})
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def trial_balance(currency: str) -> list[AccountBalance]:
    """Every account of a currency by code; the amounts sum to zero."""
    return _read(f"{COLUMNS} WHERE currency = %(currency)s ORDER BY code", {"currency": currency})


def organization_balances(organization: Organization) -> list[AccountBalance]:
    """The accounts of an organization in every currency, by currency and code."""
    where = "WHERE organization_id = %(organization)s ORDER BY currency, code"
    return _read(f"{COLUMNS} {where}", {"organization": organization.pk})


def _read(query: str, parameters: dict[str, Any]) -> list[AccountBalance]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [AccountBalance(*row) for row in cursor.fetchall()]
