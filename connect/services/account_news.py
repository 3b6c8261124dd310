"""Which changes of a Stripe account are news to its organizer: it may sell now, or Stripe wants something."""

from datetime import datetime

from connect.models import AccountState, ConnectedAccount
from notifications.services.members import tell_members

SELLING = (AccountState.READY, AccountState.DUE_SOON)
IN_TROUBLE = (AccountState.RESTRICTED, AccountState.REJECTED)


def tell_of_state(account: ConnectedAccount, *, before: AccountState, at: datetime) -> None:
    """Tell the owners and admins once of each change of state that matters to them, in the caller's transaction.

    The account is locked, so that a change is seen once; `at`, when Stripe was asked, tells it from the next one.
    """
    kind = news_of(before, account.state)
    if kind is None:
        return
    due = account.requirements or {}
    tell_members(
        kind,
        organization_id=account.organization_id,
        key=f"{kind}:{account.pk}:{at:%Y%m%dT%H%M%S.%f}",
        ids={
            "account": account.pk,
            "state": str(account.state),
            "due": [*(due.get("past_due") or []), *(due.get("currently_due") or [])],
            "deadline": due.get("current_deadline"),
            "reason": due.get("disabled_reason"),
        },
    )


def news_of(before: AccountState, after: AccountState) -> str | None:
    """The kind of message that a change of state calls for; None where there is nothing to tell."""
    if before == after:
        return None
    if after in SELLING and before not in SELLING:
        return "stripe_connected"
    if after in IN_TROUBLE or (before == AccountState.READY and after == AccountState.DUE_SOON):
        return "stripe_restricted"
    # Under review there is nothing to do; but sales that were on are off now.
    if after == AccountState.UNDER_REVIEW and before in SELLING:
        return "stripe_restricted"
    return None
