"""An offer to change the plan, as its page shows it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from maly.errors import NotFound
from premium.errors import OfferExpired
from premium.models import PlanChange
from premium.plans import PLANS, PlanCode
from premium.wording import plan_in_words, rate_in_words


@dataclass(frozen=True)
class OfferPage:
    """What changing the plan charges now, and what that is made of; amounts are minor units."""

    change: PlanChange

    @property
    def title(self) -> str:
        is_yearly = self.change.to_plan == PlanCode.YEARLY
        return _("Pay yearly instead") if is_yearly else _("Pay monthly instead")

    @property
    def credit_before(self) -> int:
        """The credit from earlier, below 0, so that what is shown adds up to what is paid."""
        lines: int = sum(line["amount"] for line in self.change.lines)
        return min(0, self.change.amount - self.change.credit_amount - lines)

    @property
    def from_words(self) -> str:
        return plan_in_words(self.change.subscription)

    @property
    def to_words(self) -> str:
        plan = PLANS[self.change.to_plan]
        return _("%(plan)s, %(rate)s") % {"plan": plan.code.label, "rate": rate_in_words(plan)}


def find_offer(user: User, token: str) -> OfferPage:
    """A person's own offer; raises NotFound for another's and for none, OfferExpired for one that was taken."""
    found = PlanChange.objects.filter(token=token[:40].replace("\x00", ""), subscription__user=user)
    change = found.select_related("subscription").first()
    if change is None:
        raise NotFound
    if change.status != PlanChange.Status.OFFERED:
        raise OfferExpired
    return OfferPage(change)
