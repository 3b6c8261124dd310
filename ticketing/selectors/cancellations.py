"""How far the job of a cancelled event is, for whoever watches it."""

from dataclasses import dataclass

from django.db.models import Count, Sum

from ticketing.models import CancelledOrder, Event, EventCancellation

# Staff have the whole list; a page or an API's answer has the oldest of it.
MOST_SHOWN = 100
State = CancelledOrder.State


@dataclass(frozen=True, kw_only=True)
class CancellationProgress:
    """The orders by what became of them; amounts in minor units of `currency`."""

    state: str
    currency: str
    reason: str
    counts: dict[str, int]
    refunded_amount: int
    needs_staff: list[tuple[str, str]]

    @property
    def orders_total(self) -> int:
        return sum(self.counts.values())

    @property
    def left(self) -> int:
        """Orders that wait for the job or for somebody; those at the bank are counted apart."""
        return self.counts.get(State.WAITING, 0) + self.counts.get(State.NEEDS_STAFF, 0)

    @property
    def disputed(self) -> int:
        return self.counts.get(State.DISPUTED, 0)

    @property
    def orders_done(self) -> int:
        return self.orders_total - self.left - self.disputed


def find_progress(event: Event) -> CancellationProgress | None:
    """How far the cancellation of an event is, in three statements; None for an event that isn't cancelled."""
    cancellation = EventCancellation.objects.filter(event=event).first()
    if cancellation is None:
        return None
    by_state = cancellation.orders.values_list("state").annotate(Count("pk"), Sum("amount"))
    found = {state: (count, amount) for state, count, amount in by_state}
    stuck = cancellation.orders.filter(state=State.NEEDS_STAFF).order_by("pk")
    return CancellationProgress(
        state=EventCancellation.State.RUNNING if State.WAITING in found else cancellation.state,
        currency=event.currency,
        reason=cancellation.reason,
        counts={state: count for state, (count, _) in found.items()},
        refunded_amount=found.get(State.REFUNDED, (0, 0))[1],
        needs_staff=list(stuck.values_list("order__code", "error")[:MOST_SHOWN]),
    )
