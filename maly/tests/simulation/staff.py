"""Rules of staff and organizers who put right what waits for them, and who call an event off."""

from typing import Any

from hypothesis import strategies as st

from maly.tests.simulation.base import PICK, TROUBLES, Run
from maly.tests.simulation.steps import step
from maly.tests.simulation.trouble import Trouble
from ticketing.models import CancelledOrder, Event, OrganizerReceivable, Payment, Refund
from ticketing.services import cancellations, receivables, refund_failures, reviews, write_offs


class Staff(Run):
    @step(1, pick=PICK, trouble=TROUBLES)
    def release_a_receivable(self, pick: int, trouble: Trouble) -> None:
        chosen = _pick(OrganizerReceivable.objects.filter(needs_staff=True), pick)
        if chosen:
            self.act(
                f"staff release {chosen.open_amount}",
                lambda: receivables.release_receivable(chosen, actor=self.market.staff),
                trouble,
            )

    @step(1, pick=PICK, amount=st.sampled_from([None, 100]))
    def write_a_receivable_off(self, pick: int, amount: int | None) -> None:
        chosen = _pick(OrganizerReceivable.objects.all(), pick)
        if chosen:
            self.act(
                f"staff write {amount or 'all'} of {chosen.open_amount} off",
                lambda: write_offs.write_off_receivable(
                    chosen, actor=self.market.staff, reason="Gone", amount=amount
                ),
            )

    @step(1, pick=PICK, trouble=TROUBLES)
    def make_an_organizer_whole(self, pick: int, trouble: Trouble) -> None:
        chosen = _pick(Refund.objects.filter(status="failed"), pick)
        if chosen:
            self.act(
                f"staff make the organizer of {chosen.amount} whole",
                lambda: refund_failures.make_organizer_whole(chosen, actor=self.market.staff),
                trouble,
            )

    @step(1, pick=PICK)
    def settle_a_refund(self, pick: int) -> None:
        chosen = _pick(Refund.objects.filter(needs_staff=True), pick)
        if chosen:
            self.act(
                "staff settle a refund",
                lambda: refund_failures.settle_refund(chosen, actor=self.market.staff),
            )

    @step(1, organizer=st.integers(0, 2), fee=st.sampled_from([None, True, False]), trouble=TROUBLES)
    def call_an_event_off(self, organizer: int, fee: bool | None, trouble: Trouble) -> None:
        chosen = self.market.organizers[organizer]
        event = Event.objects.get(pk=chosen.event.pk)
        self.act(
            f"{chosen.name} calls its event off",
            lambda: cancellations.cancel_event(
                event, actor=self.market.staff, reason="Storm", gives_fee_back=fee
            ),
            trouble,
        )

    @step(1, pick=PICK, gives_up=st.booleans())
    def see_to_an_order_of_a_cancelled_event(self, pick: int, gives_up: bool) -> None:
        chosen = _pick(CancelledOrder.objects.filter(state="needs_staff"), pick)
        if chosen:
            call = cancellations.settle_by_staff if gives_up else cancellations.try_again
            self.act(
                f"staff see to a cancelled order, gives up: {gives_up}",
                lambda: call(chosen, actor=self.market.staff),
            )

    @step(1, pick=PICK, how=st.sampled_from(["accept", "refund", "close"]), trouble=TROUBLES)
    def review_a_payment(self, pick: int, how: str, trouble: Trouble) -> None:
        chosen = _pick(Payment.objects.filter(status="review"), pick)
        calls: dict[str, Any] = {
            "accept": lambda: reviews.accept_payment(chosen, actor=self.market.staff),
            "refund": lambda: reviews.refund_in_review(chosen, actor=self.market.staff, reason="Wrong"),
            "close": lambda: reviews.close_review(chosen, actor=self.market.staff),
        }
        if chosen:
            self.act(f"staff {how} a payment in review", calls[how], trouble)


def _pick(rows: Any, pick: int) -> Any:
    """One of the latest, or None."""
    found = list(rows.order_by("-pk"))
    return found[pick % len(found)] if found else None
