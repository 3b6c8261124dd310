"""What waits for a member of the team: only what their role may act on, the soonest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import allows
from accounts.models import Membership, Organization, Role
from connect.models import AccountState
from dashboard.selectors.stripe_card import StripeCard, title_in
from maly.money import format_amount
from maly.templatetags.maly import event_date, event_time
from payouts.models import OrganizerPayout, PayoutStatus
from payouts.wording.failures import failure_in_words
from ticketing.dispute_words import reason_in_words, status_in_words
from ticketing.models import CancelledOrder, Dispute
from ticketing.selectors.disputes import can_answer, list_disputes
from ticketing.selectors.organizer_events import EventRow
from ticketing.services.dispute_answers import OPEN

# An account in these states sells nothing that is paid, and somebody has to act before it does.
UNFINISHED = (AccountState.NOT_CONNECTED, AccountState.ONBOARDING, AccountState.DISCONNECTED)
SHOWN = 5
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing that waits: what it is, what to know, where to act; `due` is until when, if there is an until."""

    title: str
    text: str
    word: str | Promise
    tone: str
    label: str
    url: str
    due: datetime | None = None


def list_notices(
    membership: Membership, card: StripeCard, events: Sequence[EventRow], *, zone: str
) -> list[Notice]:
    """What waits, the soonest first; three statements for an admin, one for a manager. Times are told in `zone`."""
    organization = membership.organization
    notices = [*_flag(organization), *_disputes(organization, zone)]
    if allows(membership.role, Role.ADMIN):
        notices = [
            *_stripe(card, events, zone),
            *_payouts(organization, zone),
            *notices,
            *_cancellations(organization),
        ]
    return sorted(notices, key=lambda notice: notice.due or NEVER)


def _flag(organization: Organization) -> Iterator[Notice]:
    """Staff have stopped the sales; why is for them to say."""
    if organization.flagged_at is None:
        return
    email = settings.PLATFORM_SUPPORT_EMAIL
    yield Notice(
        title=_("We have paused your sales"),
        text=_(
            "Nothing of yours can be bought at the moment, free tickets either. Tickets already sold stay valid. "
            "Write to %(email)s, and we’ll look at it together."
        )
        % {"email": email},
        word=_("Paused"),
        tone="danger",
        label=_("Write to us"),
        url=f"mailto:{email}",
        due=organization.flagged_at,
    )


def _stripe(card: StripeCard, events: Sequence[EventRow], zone: str) -> Iterator[Notice]:
    waits = card.status.state in UNFINISHED and any(row.state == "coming_soon" for row in events)
    if not (card.is_urgent or waits):
        return
    yield Notice(
        title=title_in(card, zone) if card.is_urgent else _("Paid tickets aren't on sale yet"),
        text=card.what,
        word=card.words.badge,
        tone=card.words.tone or "warning",
        label=_("Payment settings"),
        url=reverse("dashboard:payments"),
        due=card.deadline or (timezone.now() if card.words.tone == "danger" else None),
    )


def _payouts(organization: Organization, zone: str) -> Iterator[Notice]:
    """The last payout of a currency, if its bank sent it back: a later one that went well puts it right."""
    ours = OrganizerPayout.objects.filter(organization=organization)
    for payout in ours.order_by("currency", "-created_at", "-id").distinct("currency"):
        if payout.status == PayoutStatus.FAILED:
            amount = format_amount(payout.amount, payout.currency)
            day = event_date(payout.created_at, zone)
            yield Notice(
                title=_("Payout of %(amount)s from %(day)s failed") % {"amount": amount, "day": day},
                text=failure_in_words(payout.failure_code),
                word=_("Failed"),
                tone="danger",
                label=_("See the payout"),
                url=reverse("payouts:payout-detail", args=[payout.stripe_payout_id]),
            )


def _disputes(organization: Organization, zone: str) -> Iterator[Notice]:
    waiting = list_disputes(organization=organization, only_open=True).filter(status__in=OPEN, answer="")
    for dispute in waiting[:SHOWN]:
        if can_answer(dispute):
            yield _dispute(dispute, zone)


def _dispute(dispute: Dispute, zone: str) -> Notice:
    facts = {"code": dispute.order.code, "amount": format_amount(dispute.amount, dispute.currency)}
    title = _("Dispute on order %(code)s, %(amount)s")
    told = _("We answer the bank. Tell us there what helps.")
    if dispute.due_by:
        title = _("Dispute on order %(code)s, %(amount)s: reply by %(day)s")
        facts["day"] = event_date(dispute.due_by, zone)
        told = _("We answer the bank by %(until)s. Tell us there what helps.")
    until = event_time(dispute.due_by, zone) if dispute.due_by else ""
    return Notice(
        title=title % facts,
        text=f"{reason_in_words(dispute.reason)} {told % {'until': until}}",
        word=status_in_words(dispute),
        tone="danger",
        label=_("See the dispute"),
        url=reverse("ticketing:dispute", args=[dispute.stripe_dispute_id]),
        due=dispute.due_by,
    )


def _cancellations(organization: Organization) -> Iterator[Notice]:
    """Cancelled events of which some orders don't get their money back by themselves."""
    stuck = CancelledOrder.objects.filter(
        cancellation__event__organization=organization, state=CancelledOrder.State.NEEDS_STAFF
    )
    events = stuck.order_by("cancellation_id").values_list(
        "cancellation__event__slug", "cancellation__event__title"
    )
    for slug, title, count in events.annotate(count=Count("pk"))[:SHOWN]:
        told = ngettext(
            "%(count)s refund of %(title)s needs a closer look",
            "%(count)s refunds of %(title)s need a closer look",
            count,
        )
        yield Notice(
            title=told % {"count": count, "title": title},
            text=_(
                "The event is cancelled and not every buyer has their money back. See why, and write to %(email)s."
            )
            % {"email": settings.PLATFORM_SUPPORT_EMAIL},
            word=_("Being looked into"),
            tone="warning",
            label=_("See the refunds"),
            url=reverse("ticketing:event-cancel", args=[slug]),
        )
