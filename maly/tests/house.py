"""An organization with one of everything, made as people make it, and the names by which clients ask for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from accounts.models import Organization, Role, User
from accounts.services.invitations import invite_member
from accounts.tests.factories import MembershipFactory
from conftest import connect_to_stripe
from connect import gateway
from connect.models import ConnectedAccount, StripeEvent
from connect.selectors import get_current_account
from connect.stripe_objects import PayoutSchedule
from payouts.models import MoneyException
from premium.services.checkouts import start_checkout as start_subscription
from premium.services.prices import create_prices
from ticketing.access import Gatekeeper
from ticketing.models import Dispute, Order, TicketType
from ticketing.services.check_ins import check_in
from ticketing.services.checkout import Item, start_checkout
from ticketing.services.door_links import create_door_link
from ticketing.services.refunds import request_refund
from ticketing.tests.factories import EventFactory, TicketTypeFactory

if TYPE_CHECKING:
    from sandbox.server import Sandbox

AVAILABLE_AT_ONCE = "4000000000000077"


@dataclass(frozen=True)
class Names:
    """What a client calls an organization and one of each of its things; those of nothing, unless told otherwise."""

    organization: str = "no-such-team"
    event: str = "no-such-event"
    type: str = "zzzzzzzzzz"
    order: str = "M-ZZZZZZZ"
    ticket: str = "ZZZZZZZZZZ"
    refund: str = "R-ZZZZZZZ"
    dispute: str = "du_missing"
    payout: str = "po_missing"
    door: str = "zzzzzzzzzzzz"
    door_token: str = "zzzzzzzzzzzz"
    entry: str = "zzzz"
    member: str = "999999999"
    invitation: str = "999999999"
    stripe_event: str = "999999999"
    exception: str = "999999999"
    month: str = field(default_factory=lambda: f"{timezone.now():%Y-%m}")

    def fill(self, value: Any) -> Any:
        """Put the names into a body."""
        if isinstance(value, dict):
            return {name: self.fill(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner) for inner in value]
        return getattr(self, value[1:]) if isinstance(value, str) and value.startswith("$") else value


@dataclass
class House:
    """Furnishes an organization: what it sells is paid on the sandbox and everything has settled."""

    organization: Organization
    owner: User
    sandbox: "Sandbox"
    settle: Callable[[], None]

    @property
    def account(self) -> ConnectedAccount:
        found = get_current_account(self.organization)
        assert found
        return found

    def furnish(self, buyer: User | None = None) -> Names:
        """One of everything, at its own event that is on sale."""
        connect_to_stripe(self.organization, self.owner, self.sandbox)
        self.subscribe()
        account = str(self.account.stripe_account_id)
        gateway.update_payout_schedule(account, PayoutSchedule(interval="manual"))
        event = EventFactory(organization=self.organization, title=f"Evening of {self.organization.name}")
        ticket_type = TicketTypeFactory(event=event)
        disputed = self.sell(ticket_type, 1, email="disputing@example.com")
        order = self.sell(ticket_type, 2, user=buyer)
        first, second = order.tickets.order_by("id")
        refund = request_refund(order, tickets=[second.code], actor=self.owner, reason="Ill")
        dispute = self.dispute(disputed)
        payout = self.pay_out()
        self.sell(ticket_type, 1)
        door, token = create_door_link(event, actor=self.owner, name="Door")
        entered = check_in(event, keeper=Gatekeeper(door=door), text=first.code).entry
        assert entered
        invitation = invite_member(
            self.organization,
            email=f"new@{self.organization.slug}.example",
            role=Role.SCANNER,
            actor=self.owner,
        )
        member = MembershipFactory(organization=self.organization, role=Role.SCANNER)
        return Names(
            organization=self.organization.slug,
            event=event.slug,
            type=ticket_type.public_id,
            order=order.code,
            ticket=first.code,
            refund=refund.code,
            dispute=dispute.stripe_dispute_id,
            payout=payout,
            door=door.public_id,
            door_token=token,
            entry=entered.public_id,
            member=str(member.pk),
            invitation=str(invitation.pk),
            stripe_event=str(StripeEvent.objects.filter(account=account).latest("pk").pk),
            exception=str(self.differ().pk),
        )

    def subscribe(self) -> None:
        """The owner has Premium."""
        create_prices()
        checkout = start_subscription(self.owner, plan="monthly")
        self.control(f"checkout/{checkout.session_id}/pay", card=AVAILABLE_AT_ONCE)
        self.settle()

    def differ(self) -> MoneyException:
        """A difference with Stripe that has cleared."""
        about = {"subject": f"{self.organization.slug}:txn_1", "words": "It was gone.", "currency": "usd"}
        return MoneyException.objects.create(
            kind=MoneyException.Kind.OVERDUE, cleared_at=timezone.now(), expected_amount=1, **about
        )

    def sell(self, ticket_type: TicketType, quantity: int, **more: Any) -> Order:
        """A paid order, whose money is available at once."""
        order = self.check_out(ticket_type, quantity, **more)
        payment = order.payments.first()
        if payment:
            self.control(f"checkout/{payment.session_id}/pay", card=AVAILABLE_AT_ONCE)
            self.settle()
        return Order.objects.get(pk=order.pk)

    def check_out(self, ticket_type: TicketType, quantity: int, **more: Any) -> Order:
        """An order that waits for its payment, unless it is free."""
        given = {"email": "ada@example.com", "name": "Ada Obi", **more}
        items = [Item(ticket_type.public_id, quantity)]
        return start_checkout(ticket_type.event, items=items, **given).order

    def pay_out(self, outcome: str = "paid") -> str:
        """Stripe pays out whatever is available; the payout's id."""
        made = self.control("payouts", account=self.account.stripe_account_id, outcome=outcome)
        self.settle()
        return str(made["id"])

    def dispute(self, order: Order, **wish: Any) -> Dispute:
        charge = order.payments.filter(status="succeeded").get().charge_id
        made = self.control(f"charges/{charge}/dispute", **wish)
        self.settle()
        return Dispute.objects.get(stripe_dispute_id=made["id"])

    def control(self, call: str, **body: Any) -> dict[str, Any]:
        """Make a control call of the sandbox."""
        status, answer = self.sandbox.control("POST", f"/_sandbox/{call}", body)
        assert status == 200, answer
        return dict(answer)
