"""What an event still needs before it goes on sale, as a list that leads to each place."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ticketing.models import Event, TicketType
from ticketing.selectors.rows import account_of
from ticketing.services.sales import can_be_paid


@dataclass(frozen=True)
class Step:
    """One line of the checklist. What is required and not done stands in the way; the rest is advice."""

    label: str
    word: str
    url: str
    is_done: bool
    is_required: bool = False
    # Whether its page is for ADMIN and up: to others it is no link.
    is_for_admins: bool = False

    @property
    def tone(self) -> str:
        if self.is_done:
            return "success"
        return "danger" if self.is_required else "warning"


def readiness(event: Event, types: Sequence[TicketType]) -> list[Step]:
    """The checklist of an event that comes `with_seller`; no statement of its own."""
    edit = reverse("ticketing:event-edit", args=[event.slug])
    tickets = reverse("ticketing:ticket-types", args=[event.slug])
    done, open_word = _("Done"), _("To do")
    is_dated = not event.is_date_open
    is_ahead = is_dated and not event.has_ended
    when = done if is_ahead else (_("Is over") if is_dated else open_word)
    place = bool(event.venue_name or event.address)
    policies = bool(event.accessibility and event.refund_policy)
    count = len(types)
    steps = [
        Step(_("Basics"), done, f"{edit}#basics", is_done=True, is_required=True),
        Step(_("When"), when, f"{edit}#when", is_ahead, is_required=True),
        Step(_("Where"), done if place else open_word, f"{edit}#where", place),
        Step(
            _("Tickets"),
            ngettext("%(count)s type", "%(count)s types", count) % {"count": count}
            if types
            else _("None yet"),
            tickets,
            bool(types),
            is_required=True,
        ),
        Step(_("Page"), done if event.description else open_word, f"{edit}#page", bool(event.description)),
        Step(_("Policies"), done if policies else open_word, f"{edit}#policies", policies),
    ]
    if any(each.price_amount for each in types):
        is_ready = can_be_paid(account_of(event))
        word = _("Ready") if is_ready else _("Not ready")
        steps.append(Step(_("Stripe"), word, reverse("dashboard:payments"), is_ready, is_for_admins=True))
    return steps


def is_ready(steps: Sequence[Step]) -> bool:
    """Whether the event can be published: advice doesn't hold it up."""
    return all(step.is_done for step in steps if step.is_required)
