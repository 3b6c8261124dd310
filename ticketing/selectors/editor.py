"""What the event editor offers: currencies, who may bear the fees and what that does, the usual time zone."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organization
from accounts.premium import Benefit, has_benefit
from connect.models import FeeAbsorption
from connect.selectors import default_absorption
from maly.money import format_amount
from ticketing.markdown import render_markdown
from ticketing.models import Event
from ticketing.selectors.events import cover_url_of, find_terms
from ticketing.selectors.organizer_events import STATES, find_with_seller, sale_state
from ticketing.selectors.periods import period_in_words
from ticketing.selectors.price_lines import absorption_examples, currencies_of
from ticketing.selectors.readiness import Step, is_ready, readiness
from ticketing.services.addresses import has_buyers
from ticketing.services.event_news import count_told

# The event leaves it to its organization who pays the fees.
AS_USUAL = "usual"
WAYS: dict[str, Promise] = {
    FeeAbsorption.PASS_TO_BUYER.value: gettext_lazy("Buyers pay"),
    FeeAbsorption.ABSORB.value: gettext_lazy("You pay"),
}


@dataclass(frozen=True)
class EditorPage:
    """The editor of one event; `draft` is the event as typed, `event` as it is saved (None: a new one)."""

    event: Event | None
    draft: Event | None
    description: str | None
    has_file: bool = False

    @cached_property
    def saved(self) -> Event | None:
        return find_with_seller(self.event) if self.event else None

    @cached_property
    def steps(self) -> list[Step]:
        return readiness(self.saved, list(self.saved.ticket_types.all())) if self.saved else []

    @property
    def may_publish(self) -> bool:
        return bool(self.saved and self.saved.status == Event.Status.DRAFT and is_ready(self.steps))

    @cached_property
    def state(self) -> str:
        if self.saved is None:
            return "draft"
        return sale_state(self.saved, self.saved.ticket_types.all(), timezone.now())

    @property
    def word(self) -> Promise:
        return STATES[self.state][0]

    @property
    def tone(self) -> str:
        return STATES[self.state][1]

    @property
    def cover_url(self) -> str:
        return cover_url_of(self.saved) if self.saved else ""

    @cached_property
    def buyers_told(self) -> int:
        """How many buyers get an email when the event's time or place changes."""
        return count_told(self.saved) if self.saved else 0

    @property
    def when(self) -> str:
        """Fri 12 Dec 2026, 7:30 pm to 11:00 pm GMT, as buyers will read it."""
        event = self.draft or self.saved
        return period_in_words(event) if event else ""

    @cached_property
    def description_html(self) -> SafeString | None:
        """The description as typed; None unless a preview was asked for."""
        return None if self.description is None else render_markdown(self.description)


def form_options(event: Event | None, organization: Organization | None) -> dict[str, Any]:
    """What the form of an event may choose from. Somebody without an organization gets what everybody has."""
    if organization is None:
        return {"event": None, "absorptions": [(AS_USUAL, _("You pay, until you choose otherwise"))]}
    has_types = event is not None and event.ticket_types.exists()
    sold = event is not None and has_buyers(event)
    currencies = [event.currency] if event and has_types else currencies_of(organization)
    return {
        "event": event,
        "currencies": currencies,
        "has_buyers": sold,
        "address_fixed": sold and not has_benefit(organization, Benefit.EVENT_ADDRESS),
        "may_choose_accent": has_benefit(organization, Benefit.EVENT_ACCENT),
        "absorptions": _absorptions(event or Event(organization=organization), organization, has_types),
    }


def _absorptions(event: Event, organization: Organization, has_types: bool) -> list[tuple[str, Any]]:
    prices = list(event.ticket_types.values_list("price_amount", flat=True)) if has_types else []
    examples = absorption_examples(event, find_terms(event), prices)
    usual = _("As for all your events: %(way)s") % {"way": WAYS[default_absorption(organization)].lower()}  # type: ignore[attr-defined]
    choices: list[tuple[str, Any]] = [(AS_USUAL, format_html('<span class="choice-name">{}</span>', usual))]
    for example in examples:
        ticket = format_amount(example.line.price_amount, event.currency)
        words = _("A %(ticket)s ticket: %(line)s") % {"ticket": ticket, "line": example.line.words}
        label = format_html(
            '<span class="choice-name">{}</span><span class="hint">{}</span>', WAYS[example.value], words
        )
        choices.append((example.value, label))
    return choices
