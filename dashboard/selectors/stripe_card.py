"""The Stripe card of the payment settings: what each state of the account means, and what to do next."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connect.models import AccountState, ConnectedAccount
from connect.requirements import disabled_reason_words, requirements_in_words
from connect.selectors import PaymentStatus, status_of

Words = str | Promise


@dataclass(frozen=True)
class StateWords:
    """A state in words: its badge and the badge's colour, what it means, and the next step's label, if there is one."""

    badge: Words
    tone: str
    text: Words
    action: Words = ""


STATES: dict[str, StateWords] = {
    AccountState.NOT_CONNECTED: StateWords(
        badge=_("Not connected"),
        tone="",
        text=_("Get paid with Stripe. It takes about 10 minutes; you need your ID and bank details."),
        action=_("Connect with Stripe"),
    ),
    AccountState.ONBOARDING: StateWords(
        badge=_("Not finished"),
        tone="warning",
        text=_(
            "You started, but Stripe doesn't have all your details yet. Paid tickets can't be sold until then."
        ),
        action=_("Finish in Stripe"),
    ),
    AccountState.UNDER_REVIEW: StateWords(
        badge=_("Under review"),
        tone="info",
        text=_("Nothing to do. Stripe usually answers within 2 days. Paid tickets go on sale after that."),
    ),
    AccountState.READY: StateWords(
        badge=_("Ready"), tone="success", text=_("You can sell paid tickets and receive payouts.")
    ),
    AccountState.DUE_SOON: StateWords(
        badge=_("Action needed"),
        tone="warning",
        text=_("Stripe needs a little more. Sales are still on."),
        action=_("Finish in Stripe"),
    ),
    AccountState.RESTRICTED: StateWords(
        badge=_("Restricted"),
        tone="danger",
        text=_("Sales are paused until Stripe has what it asks for."),
        action=_("Finish in Stripe"),
    ),
    AccountState.REJECTED: StateWords(
        badge=_("Rejected"),
        tone="danger",
        text=_(
            "Stripe doesn't accept this account. Sales are paused; write to us if you think this is wrong."
        ),
    ),
    AccountState.DISCONNECTED: StateWords(
        badge=_("Disconnected"),
        tone="",
        text=_("Paid tickets aren't on sale. Past orders, refunds and payouts go on as before."),
        action=_("Connect again"),
    ),
}


# States whose own words leave open what Stripe is after.
EXPLAINED = (AccountState.UNDER_REVIEW, AccountState.RESTRICTED)


@dataclass(frozen=True)
class StripeCard:
    """What the card shows."""

    status: PaymentStatus
    words: StateWords
    reason: str
    due: list[str]
    deadline: datetime | None
    has_dashboard: bool

    @property
    def is_urgent(self) -> bool:
        """Whether a banner above the page asks for action."""
        return self.status.state in (AccountState.DUE_SOON, AccountState.RESTRICTED, AccountState.REJECTED)


def make_card(account: ConnectedAccount | None) -> StripeCard:
    """The card of an account, or of none."""
    status = status_of(account)
    due = status.requirements
    return StripeCard(
        status=status,
        words=STATES[status.state],
        reason=disabled_reason_words(due.disabled_reason) if status.state in EXPLAINED else "",
        due=requirements_in_words([*due.past_due, *due.currently_due]) if status.details_submitted else [],
        deadline=due.current_deadline,
        has_dashboard=status.details_submitted and status.state != AccountState.REJECTED,
    )
