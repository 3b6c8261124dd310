"""Rules of disputes: the buyer's bank takes money back; it is answered, accepted or left alone, and decided."""

from typing import Any

from hypothesis import strategies as st

from maly.tests.simulation.base import PICK, TROUBLES, Run
from maly.tests.simulation.steps import step
from maly.tests.simulation.trouble import Trouble
from ticketing.models import Dispute
from ticketing.services import dispute_answers

REASONS = st.sampled_from(["fraudulent", "product_not_received", "duplicate"])


class Disputing(Run):
    @step(3, pick=PICK, percent=st.sampled_from([100, 100, 40]), reason=REASONS)
    def buyer_disputes(self, pick: int, percent: int, reason: str) -> None:
        charges = [
            one for one in self.market.objects("charge") if one["metadata"].get("order") and one["paid"]
        ]
        if charges:
            charge = charges[-1 - pick % len(charges)]
            left = charge["amount"] - charge["amount_refunded"]
            amount = max(left * percent // 100, 1)
            status, _ = self.market.control(f"charges/{charge['id']}/dispute", reason=reason, amount=amount)
            self.tell(f"{amount} of {charge['amount']} disputed, {reason}: {status}")

    @step(2, pick=PICK, outcome=st.sampled_from(["won", "lost"]))
    def bank_decides(self, pick: int, outcome: str) -> None:
        if dispute := self._at_stripe(pick):
            status, _ = self.market.control(f"disputes/{dispute['id']}", outcome=outcome)
            self.tell(f"the dispute of {dispute['amount']} is {outcome}: {status}")

    @step(1, pick=PICK, accepts=st.booleans(), trouble=TROUBLES)
    def answer(self, pick: int, accepts: bool, trouble: Trouble) -> None:
        known = list(Dispute.objects.order_by("-pk"))
        if known:
            dispute = known[pick % len(known)]
            call = dispute_answers.accept_dispute if accepts else dispute_answers.submit_evidence
            words = "accepted" if accepts else "answered"
            self.act(f"a dispute is {words}", lambda: call(dispute, actor=self.market.staff), trouble)

    def _at_stripe(self, pick: int) -> dict[str, Any] | None:
        open_ones = [one for one in self.market.objects("dispute") if one["status"] not in ("won", "lost")]
        return open_ones[-1 - pick % len(open_ones)] if open_ones else None
