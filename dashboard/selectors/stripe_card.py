"""The Stripe card of the payment settings: what each state of the account means, and what to do next."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connect.models import AccountState, ConnectedAccount
from connect.requirement_errors import errors_in_words
from connect.requirements import disabled_reason_words, requirement_words, requirements_in_words
from connect.selectors import PaymentStatus, status_of
from connect.stripe_objects import moment
from maly.templatetags.maly import event_date

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
        badge=gettext_lazy("Not connected"),
        tone="",
        text=gettext_lazy(
            "Get paid with Stripe. It takes about 10 minutes; you need your ID and bank details."
        ),
        action=gettext_lazy("Connect with Stripe"),
    ),
    AccountState.ONBOARDING: StateWords(
        badge=gettext_lazy("Not finished"),
        tone="warning",
        text=gettext_lazy(
            "You started, but Stripe doesn't have all your details yet. Paid tickets can't be sold until then."
        ),
        action=gettext_lazy("Finish in Stripe"),
    ),
    AccountState.UNDER_REVIEW: StateWords(
        badge=gettext_lazy("Under review"),
        tone="info",
        text=gettext_lazy(
            "Nothing to do. Stripe usually answers within 2 days. Paid tickets go on sale after that."
        ),
    ),
    AccountState.READY: StateWords(
        badge=gettext_lazy("Ready"),
        tone="success",
        text=gettext_lazy("You can sell paid tickets and receive payouts."),
    ),
    AccountState.DUE_SOON: StateWords(
        badge=gettext_lazy("Action needed"),
        tone="warning",
        text=gettext_lazy("Stripe needs a little more. Sales are still on."),
        action=gettext_lazy("Finish in Stripe"),
    ),
    AccountState.RESTRICTED: StateWords(
        badge=gettext_lazy("Restricted"),
        tone="danger",
        text=gettext_lazy("Sales are paused until Stripe has what it asks for."),
        action=gettext_lazy("Finish in Stripe"),
    ),
    AccountState.REJECTED: StateWords(
        badge=gettext_lazy("Rejected"),
        tone="danger",
        text=gettext_lazy(
            "Stripe doesn't accept this account. Sales are paused; write to us if you think this is wrong."
        ),
    ),
    AccountState.DISCONNECTED: StateWords(
        badge=gettext_lazy("Disconnected"),
        tone="",
        text=gettext_lazy("Paid tickets aren't on sale. Past orders, refunds and payouts go on as before."),
        action=gettext_lazy("Connect again"),
    ),
}


# States whose own words leave open what Stripe is after, or why; and the reasons that say no more than they do.
EXPLAINED = (AccountState.UNDER_REVIEW, AccountState.RESTRICTED, AccountState.REJECTED)
SAID_ALREADY = ("under_review", "rejected.fraud", "rejected.other")


@dataclass(frozen=True, kw_only=True)
class DueItem:
    """One thing of Stripe's list: how it stands in a badge, and what was wrong with what was sent before."""

    words: str
    badge: str
    tone: str
    problem: str = ""
    is_asked: bool = True


@dataclass(frozen=True)
class StripeCard:
    """What the card shows; `later` is what Stripe will ask for as sales grow."""

    status: PaymentStatus
    words: StateWords
    reason: str
    items: list[DueItem]
    later: list[str]
    deadline: datetime | None
    has_dashboard: bool

    @property
    def due(self) -> list[str]:
        """What Stripe waits for now, once the onboarding is over."""
        return [item.words for item in self.items if item.is_asked and self.status.details_submitted]

    @property
    def is_urgent(self) -> bool:
        """Whether a banner above the page asks for action."""
        return self.status.state in (AccountState.DUE_SOON, AccountState.RESTRICTED, AccountState.REJECTED)

    @property
    def title(self) -> str:
        """What Stripe wants, as the head of a banner."""
        return title_in(self, "UTC")

    @property
    def what(self) -> str:
        """The same in full: what is asked for, and what it means for sales."""
        asked = [_("It asks for: %(list)s.") % {"list": ", ".join(self.due)}] if self.due else []
        return " ".join([*asked, str(self.words.text)])


def make_card(account: ConnectedAccount | None) -> StripeCard:
    """The card of an account, or of none."""
    status = status_of(account)
    due = status.requirements
    items = list(_items(account)) if account and status.is_connected else []
    asked = {item.words for item in items}
    return StripeCard(
        status=status,
        words=STATES[status.state],
        reason=disabled_reason_words(due.disabled_reason) if _adds_something(status) else "",
        items=[] if status.state == AccountState.REJECTED else items,
        later=[words for words in requirements_in_words(due.eventually_due) if words not in asked]
        if status.details_submitted
        else [],
        deadline=due.current_deadline,
        has_dashboard=status.details_submitted and status.state != AccountState.REJECTED,
    )


def _adds_something(status: PaymentStatus) -> bool:
    return status.state in EXPLAINED and status.requirements.disabled_reason not in SAID_ALREADY


def title_in(card: StripeCard, zone: str) -> str:
    """What Stripe wants and until when, a day of `zone`: Stripe needs 2 things before Sat 28 Nov 2026."""
    if card.status.state == AccountState.REJECTED:
        return _("Stripe has rejected the account")
    count = len(card.due)
    title = _("Stripe needs more from you")
    if count:
        title = ngettext("Stripe needs %(count)s thing", "Stripe needs %(count)s things", count)
        title %= {"count": count}
    if card.deadline:
        return _("%(what)s before %(day)s") % {"what": title, "day": event_date(card.deadline, zone)}
    return title


def _items(account: ConnectedAccount) -> Iterable[DueItem]:
    """The open requirements, the most pressing first, each thing once."""
    requirements = account.requirements
    problems = errors_in_words(requirements.get("errors") or [])
    found: dict[str, DueItem] = {}
    for name, badge, tone in _lists(account):
        for code in requirements.get(name) or []:
            words, problem = requirement_words(code), problems.get(code, "")
            if words not in found:
                is_asked = name != "pending_verification"
                found[words] = DueItem(
                    words=words, badge=badge, tone=tone, problem=problem, is_asked=is_asked
                )
            elif problem and not found[words].problem:
                found[words] = replace(found[words], problem=problem)
    return found.values()


def _lists(account: ConnectedAccount) -> tuple[tuple[str, str, str], ...]:
    """Stripe's lists of what is open, each with its badge. A new account's are past due from its first day."""
    deadline = account.requirements.get("current_deadline")
    until = (
        _("Due %(day)s") % {"day": date_format(moment(deadline), "D j M")} if deadline else _("Needed now")
    )
    if not account.details_submitted:
        return ("past_due", _("To do"), ""), ("currently_due", _("To do"), "")
    return (
        ("past_due", _("Overdue"), "danger"),
        ("currently_due", until, "warning"),
        ("pending_verification", _("Being checked"), "info"),
    )
