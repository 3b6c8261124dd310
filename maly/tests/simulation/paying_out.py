"""Rules of payouts: paid, failed, failed after they were paid, asked for by hand; and banks that get better."""

from functools import partial
from typing import Any

from hypothesis import strategies as st

from connect.stripe_objects import PayoutSchedule
from maly.tests.simulation.base import PICK, TROUBLES, Run
from maly.tests.simulation.steps import step
from maly.tests.simulation.trouble import Trouble
from payouts.services import holding, holding_releases
from payouts.services.requests import request_payout
from payouts.services.schedules import set_schedule
from ticketing.models import Event


class PayingOut(Run):
    @step(3, organizer=st.integers(0, 3), outcome=st.sampled_from(["paid", "failed"]))
    def stripe_pays_out(self, organizer: int, outcome: str) -> None:
        """All that is available, now; the fourth account is the platform's own."""
        account = self.market.organizers[organizer].account_id if organizer < 3 else "platform"
        status, answer = self.market.control("payouts", account=account, outcome=outcome)
        self.tell(f"payout {organizer} {outcome}: {status} {answer.get('amount', '')}")

    @step(1, pick=PICK)
    def a_paid_payout_fails(self, pick: int) -> None:
        paid = [one for one in self.market.objects("payout") if one["status"] == "paid"]
        if paid:
            payout = paid[-1 - pick % len(paid)]
            status, _ = self.market.control(f"payouts/{payout['id']}", outcome="failed")
            self.tell(f"the bank sends {payout['amount']} back: {status}")

    @step(1, organizer=st.integers(0, 2))
    def bank_account_is_entered_anew(self, organizer: int) -> None:
        self.market.control(f"accounts/{self.market.organizers[organizer].account_id}", complete=True)
        self.tell(f"{organizer} has a bank again")

    @step(1, organizer=st.integers(0, 2), interval=st.sampled_from(["manual", "daily"]), trouble=TROUBLES)
    def schedule(self, organizer: int, interval: str, trouble: Trouble) -> None:
        chosen = self.market.organizers[organizer]
        self.act(
            f"{chosen.name}: {interval} payouts",
            lambda: set_schedule(
                chosen.organization, schedule=PayoutSchedule(interval=interval), actor=chosen.owner
            ),
            trouble,
        )

    @step(1, organizer=st.integers(0, 2), amount=st.sampled_from([None, 1000, 4850]), trouble=TROUBLES)
    def ask_for_a_payout(self, organizer: int, amount: int | None, trouble: Trouble) -> None:
        chosen = self.market.organizers[organizer]
        self.act(
            f"{chosen.name} asks for {amount or 'everything'}",
            lambda: request_payout(chosen.organization, amount=amount, currency="usd", actor=chosen.owner),
            trouble,
        )

    @step(1, organizer=st.integers(0, 2), ends=st.booleans(), trouble=TROUBLES)
    def hold_payouts(self, organizer: int, ends: bool, trouble: Trouble) -> None:
        """Until a day after the event, or not any more."""
        chosen = self.market.organizers[organizer]
        call: Any = holding.end_hold if ends else partial(holding.hold_payouts, days_after_event=1)
        words = "isn't held any more" if ends else "is held"
        self.act(
            f"{chosen.name} {words}",
            lambda: call(chosen.organization, actor=self.market.staff, reason="Agreed"),
            trouble,
        )

    @step(1, organizer=st.integers(0, 2), trouble=TROUBLES)
    def release_an_event(self, organizer: int, trouble: Trouble) -> None:
        chosen = self.market.organizers[organizer]
        event = Event.objects.get(pk=chosen.event.pk)
        self.act(
            f"{chosen.name}'s event is released",
            lambda: holding_releases.release_event(event, actor=self.market.staff, reason="Asked for"),
            trouble,
        )
