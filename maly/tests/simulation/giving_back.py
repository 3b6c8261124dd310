"""Rules of refunds: by organizer and staff, by ticket and amount, in Stripe's dashboard, and back from the bank.

And of cancelling what cost nothing.
"""

from typing import Any

from hypothesis import strategies as st

from maly.errors import MalyError
from maly.tests.simulation.base import PICK, TROUBLES, Run
from maly.tests.simulation.market import Sale
from maly.tests.simulation.steps import step
from maly.tests.simulation.trouble import Trouble
from ticketing.models import Refund
from ticketing.services import refunds
from ticketing.services.ticket_cancellations import cancel_free_order, cancel_ticket

# All that is left, the first so many tickets, or a part of what was paid in percent.
PARTS = st.one_of(
    st.just(("all", 0)),
    st.tuples(st.just("tickets"), st.integers(1, 3)),
    st.tuples(st.just("amount"), st.sampled_from([1, 17, 50, 99, 100, 101])),
)


class GivingBack(Run):
    @step(
        6,
        pick=PICK,
        part=PARTS,
        fee=st.sampled_from([None, True, False]),
        restock=st.booleans(),
        is_staff=st.booleans(),
        trouble=TROUBLES,
    )
    def refund(
        self,
        pick: int,
        part: tuple[str, int],
        fee: bool | None,
        restock: bool,
        is_staff: bool,
        trouble: Trouble,
    ) -> None:
        sale = self.sale(pick)
        if sale and sale.order():
            wish = self._wish(sale, part) | {"refund_application_fee": fee}
            self._ask(sale, wish, restock=restock, is_staff=is_staff, trouble=trouble)

    @step(
        2, pick=PICK, percent=st.sampled_from([100, 50, 13]), reverses=st.booleans(), gives_fee=st.booleans()
    )
    def refund_in_stripes_dashboard(self, pick: int, percent: int, reverses: bool, gives_fee: bool) -> None:
        sale = self.sale(pick)
        charges = self._charges(sale) if sale else []
        if charges:
            charge = charges[-1]
            amount = max((charge["amount"] - charge["amount_refunded"]) * percent // 100, 1)
            status, _ = self.market.control(
                f"charges/{charge['id']}/refund",
                amount=amount,
                reverse_transfer=reverses,
                refund_application_fee=gives_fee,
            )
            self.tell(f"{sale}: {amount} refunded at Stripe: {status}")

    @step(2, pick=PICK)
    def refund_comes_back(self, pick: int) -> None:
        """The buyer's bank refuses it, even after it said yes."""
        live = [one for one in self.market.objects("refund") if one["id"].startswith("re_")]
        if live:
            refund = live[-1 - pick % len(live)]
            status, _ = self.market.control(f"refunds/{refund['id']}", status="failed")
            self.tell(f"a refund of {refund['amount']} comes back: {status}")

    @step(1, pick=PICK, whole=st.booleans(), restock=st.booleans())
    def cancel_what_was_free(self, pick: int, whole: bool, restock: bool) -> None:
        sale = self.sale(pick)
        order = sale.order() if sale else None
        free = order.tickets.filter(paid_amount=0).order_by("pk").first() if order else None
        if sale is None or order is None or free is None:
            return
        wish: dict[str, Any] = {"actor": sale.organizer.owner, "reason": "Not coming", "restock": restock}
        if whole:
            self.act(f"{sale} is cancelled", lambda: cancel_free_order(order, **wish))
        else:
            self.act(f"{sale}: a free ticket is cancelled", lambda: cancel_ticket(free, **wish))

    @step(1, debits=st.booleans())
    def our_bank(self, debits: bool) -> None:
        """Without debits a refund that our balance can't bear waits."""
        self.market.control("platform", bank_debits=debits)
        self.tell(f"our bank may be debited: {debits}")

    def _wish(self, sale: Sale, part: tuple[str, int]) -> dict[str, Any]:
        kind, number = part
        order = sale.order()
        assert order is not None
        if kind == "tickets":
            return {"tickets": [ticket.code for ticket in order.tickets.order_by("pk")[:number]]}
        return {"amount": order.total_amount * number // 100} if kind == "amount" else {}

    def _ask(
        self, sale: Sale, wish: dict[str, Any], *, restock: bool, is_staff: bool, trouble: Trouble
    ) -> None:
        """Look at the preview as a person does, then ask; what was promised is what must happen."""
        order = sale.order()
        assert order is not None
        actor = self.market.staff if is_staff else sale.organizer.owner
        origin = Refund.Origin.STAFF if is_staff else Refund.Origin.ORGANIZER
        try:
            plan = refunds.preview_refund(order, **wish)
        except MalyError as refusal:
            self.tell(f"{sale} can't be refunded: {type(refusal).__name__}")
            return
        sale.asked_back.append((plan.amount, plan.fee_amount))
        self.act(
            f"{sale}: refund of {plan.amount}, fee {plan.fee_amount}",
            lambda: refunds.request_refund(
                order, actor=actor, reason="Asked for", restock=restock, origin=origin, **wish
            ),
            trouble,
        )

    def _charges(self, sale: Sale) -> list[dict[str, Any]]:
        order = sale.order()
        code = order.code if order else None
        return [
            one
            for one in self.market.objects("charge")
            if one["metadata"].get("order") == code and one["paid"]
        ]
