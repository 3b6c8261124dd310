"""The cards of the payment settings about balance and payout schedule."""

from dataclasses import dataclass

from accounts.models import Organization
from connect.models import AccountState
from connect.selectors import get_current_account
from dashboard.forms import ScheduleForm
from payouts.selectors.next_payout import NextPayout, read_next_payout
from payouts.selectors.payout_list import Figures, sum_payouts
from payouts.services.holding import Held, read_held

# Before them there is nothing to pay out, afterwards nothing that Stripe would tell us.
WITHOUT = (AccountState.NOT_CONNECTED, AccountState.ONBOARDING, AccountState.DISCONNECTED)


@dataclass(frozen=True, kw_only=True)
class PayoutCards:
    """`form` is None where the schedule can't be changed: held, or never told by Stripe."""

    next: NextPayout
    held: Held | None
    on_its_way: list[Figures]
    form: ScheduleForm | None


def payout_cards(
    organization: Organization, sent: ScheduleForm | None = None, *, ask: bool = True
) -> PayoutCards | None:
    """What Stripe holds and when it pays out; None before the organization is through onboarding.

    `sent` is a form with something wrong, to be shown again. With `ask=False` Stripe isn't waited for: it is told as
    it was last seen.
    """
    account = get_current_account(organization)
    if account is None or account.state in WITHOUT:
        return None
    found = read_next_payout(organization, ask=ask)
    held = read_held(organization)
    form = sent
    if form is None and found.schedule is not None:
        form = ScheduleForm.showing(found.schedule)
    return PayoutCards(
        next=found,
        held=held,
        on_its_way=[each for each in sum_payouts(organization) if each.on_its_way_amount],
        form=None if held or found.schedule is None else form,
    )
