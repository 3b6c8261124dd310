"""What the app keeps, by noun."""

from payouts.models.holding import PayoutHold, PayoutHoldException, PayoutRelease
from payouts.models.last_seen import LastSeen
from payouts.models.payouts import (
    SENT_BACK,
    UNDER_WAY,
    OrganizerPayout,
    Payout,
    PayoutLine,
    PayoutRequest,
    PayoutStatus,
    PlatformPayout,
)
from payouts.models.reconciliation import (
    BalanceComparison,
    BalanceImport,
    BalanceTransaction,
    MoneyException,
    Reconciliation,
)

__all__ = [
    "SENT_BACK",
    "UNDER_WAY",
    "BalanceComparison",
    "BalanceImport",
    "BalanceTransaction",
    "LastSeen",
    "MoneyException",
    "OrganizerPayout",
    "Payout",
    "PayoutHold",
    "PayoutHoldException",
    "PayoutLine",
    "PayoutRelease",
    "PayoutRequest",
    "PayoutStatus",
    "PlatformPayout",
    "Reconciliation",
]
