"""The way to the first event on sale, in four steps; gone once an event was published."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.access import allows
from accounts.models import Membership, Role
from connect.models import AccountState
from dashboard.selectors.stripe_card import StripeCard
from ticketing.models import Event, TicketType
from ticketing.selectors.periods import period_in_words

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class FirstStep:
    """One step: where it stands, and the one link that goes on from there, if this member may follow it."""

    name: str
    text: Words
    word: Words
    tone: str = ""
    is_done: bool = False
    label: Words = ""
    url: str = ""


@dataclass(frozen=True)
class FirstSteps:
    """The four steps."""

    steps: list[FirstStep]

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def next(self) -> FirstStep | None:
        """The one to do now."""
        return next((step for step in self.steps if step.url and not step.is_done), None)


def first_steps(membership: Membership, card: StripeCard) -> FirstSteps:
    """The steps of the newest draft, in two statements."""
    drafts = Event.objects.filter(organization=membership.organization).prefetch_related("ticket_types")
    event = drafts.order_by("-created_at", "-pk").first()
    types = list(event.ticket_types.all()) if event else []
    return FirstSteps(
        [
            _create(event),
            _add_tickets(event, types),
            _connect(membership, card, types),
            _publish(event, types),
        ]
    )


def _create(event: Event | None) -> FirstStep:
    name = _("Create event")
    if event is None:
        text = _("A name and a date are enough. Only your team sees it until you publish it.")
        return FirstStep(
            name=name, text=text, word=_("To do"), label=_("Create event"), url=reverse("ticketing:event-new")
        )
    return FirstStep(
        name=name,
        text=f"{event.title}, {period_in_words(event)}",
        word=_("Done"),
        tone="success",
        is_done=True,
        label=_("Edit"),
        url=reverse("ticketing:event-edit", args=[event.slug]),
    )


def _add_tickets(event: Event | None, types: list[TicketType]) -> FirstStep:
    name, text = _("Add tickets"), _("Name, price and quantity. Free tickets are fine.")
    if event is None:
        return FirstStep(name=name, text=text, word=_("Needs step 1"))
    if not types:
        url = reverse("ticketing:ticket-type-new", args=[event.slug])
        return FirstStep(name=name, text=text, word=_("To do"), label=_("Add tickets"), url=url)
    return FirstStep(
        name=name,
        text=", ".join(each.name for each in types),
        word=_("Done"),
        tone="success",
        is_done=True,
        label=_("Edit"),
        url=reverse("ticketing:ticket-types", args=[event.slug]),
    )


def _connect(membership: Membership, card: StripeCard, types: list[TicketType]) -> FirstStep:
    name, is_ready = _("Connect Stripe"), card.status.state in (AccountState.READY, AccountState.DUE_SOON)
    if types and not is_ready and not any(each.price_amount for each in types):
        text = _("Your tickets are free. Stripe is for paid ones only.")
        return FirstStep(name=name, text=text, word=_("Not needed"), is_done=True)
    may_connect = allows(membership.role, Role.ADMIN)
    return FirstStep(
        name=name,
        text=card.words.text if may_connect else _("Only for paid tickets. An admin of your team does it."),
        word=_("Done") if is_ready else card.words.badge,
        tone="success" if is_ready else card.words.tone,
        is_done=is_ready,
        label=_("Payment settings")
        if may_connect and (is_ready or not card.words.action)
        else card.words.action,
        url=reverse("dashboard:payments") if may_connect else "",
    )


def _publish(event: Event | None, types: list[TicketType]) -> FirstStep:
    name, text = _("Publish"), _("Your page goes live, and tickets go on sale.")
    if event is None or not types:
        word = _("Needs step 2") if event else _("Needs step 1")
        return FirstStep(name=name, text=text, word=word)
    if event.has_ended or event.is_date_open:
        url = f"{reverse('ticketing:event-edit', args=[event.slug])}#when"
        return FirstStep(
            name=name,
            text=_("Its date isn’t chosen yet.") if event.is_date_open else _("Its date is over."),
            word=_("To do") if event.is_date_open else _("Is over"),
            tone="" if event.is_date_open else "danger",
            label=_("Set a date"),
            url=url,
        )
    url = reverse("ticketing:event-overview", args=[event.slug])
    return FirstStep(name=name, text=text, word=_("To do"), label=_("Look and publish"), url=url)
