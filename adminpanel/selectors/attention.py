"""What waits for staff, from every app: what it is, what to know, and the page where to act. The soonest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, F, Min, Model, QuerySet, Value
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from adminpanel.selectors.payouts import not_made_up_for
from connect.account_groups import AccountGroup, group_of
from connect.models import ConnectedAccount, StripeEvent
from ledger.models import LedgerViolation
from maly.money import format_amount
from maly.templatetags.maly import event_date
from payouts.models import MoneyException
from payouts.selectors.attention import SOURCES
from payouts.wording.failures import failure_in_words
from ticketing.models import CancelledOrder, Dispute, OrganizerReceivable, Payment, Refund
from ticketing.services.dispute_answers import OPEN

# Of each kind so many are counted, and so many named.
MOST = 100
NAMED = 3
DANGER, WARNING = "danger", "warning"
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Things of one kind that wait, in words; `due` is until when, if there is an until."""

    title: str
    text: str
    word: str | Promise
    tone: str
    label: str | Promise
    url: str
    due: datetime = NEVER


@dataclass(frozen=True)
class Kind:
    """How things of one table are told of: their count in words, what to know, and where they are dealt with."""

    title: Any
    text: str | Promise
    page: str
    query: str = ""
    tone: str = WARNING


KINDS: dict[type[Model], Kind] = {
    MoneyException: Kind(
        ngettext_lazy("%(count)s difference with Stripe", "%(count)s differences with Stripe", "count"),
        gettext_lazy("Stripe and our books don't say the same. Each says what to do."),
        "adminpanel:exceptions",
    ),
    Payment: Kind(
        ngettext_lazy(
            "%(count)s payment doesn't match its order",
            "%(count)s payments don't match their orders",
            "count",
        ),
        gettext_lazy("No ticket was issued. Accept the payment, or send it back."),
        "admin:ticketing_payment_changelist",
        "status__exact=review",
        DANGER,
    ),
    Refund: Kind(
        ngettext_lazy("%(count)s refund needs a decision", "%(count)s refunds need a decision", "count"),
        gettext_lazy("A buyer hasn't their money back, or it was given back at Stripe."),
        "admin:ticketing_refund_changelist",
        tone=DANGER,
    ),
    OrganizerReceivable: Kind(
        ngettext_lazy(
            "%(count)s amount that an organizer owes isn't taken by itself",
            "%(count)s amounts that organizers owe aren't taken by themselves",
            "count",
        ),
        gettext_lazy("Decide whether to take it from later sales, or to write it off."),
        "admin:ticketing_organizerreceivable_changelist",
    ),
    Dispute: Kind(
        ngettext_lazy("%(count)s dispute needs a decision", "%(count)s disputes need a decision", "count"),
        gettext_lazy("Its money couldn't be settled by itself."),
        "adminpanel:disputes",
        "tab=staff",
        DANGER,
    ),
    CancelledOrder: Kind(
        ngettext_lazy(
            "%(count)s order of a cancelled event isn't refunded",
            "%(count)s orders of cancelled events aren't refunded",
            "count",
        ),
        gettext_lazy("Its refund was tried and failed."),
        "admin:ticketing_cancelledorder_changelist",
        "state__exact=needs_staff",
        DANGER,
    ),
    StripeEvent: Kind(
        ngettext_lazy(
            "%(count)s event of Stripe's was given up", "%(count)s events of Stripe's were given up", "count"
        ),
        gettext_lazy("What they say isn't known here. Mend the cause, then replay them."),
        "adminpanel:operations-inbox",
    ),
    LedgerViolation: Kind(
        ngettext_lazy(
            "%(count)s rule of the books is broken", "%(count)s rules of the books are broken", "count"
        ),
        gettext_lazy("Figures may be wrong until it is found out why."),
        "adminpanel:exceptions",
        tone=DANGER,
    ),
}


def list_notices() -> list[Notice]:
    """What waits, the soonest first, then the gravest; four statements. Days are told in UTC."""
    found = [*_disputes(), *_payouts(), *_restricted(), *_others()]
    return sorted(found, key=lambda notice: (notice.due, notice.tone != DANGER))


def _disputes() -> Iterator[Notice]:
    """Those that a bank waits for an answer to."""
    waiting = Dispute.objects.filter(status__in=OPEN, answer="", closed_at=None)
    rows = waiting.select_related("organization").order_by(F("due_by").asc(nulls_last=True), "pk")
    disputes = list(rows[: MOST + 1])
    if not disputes:
        return
    first = disputes[0].due_by
    sums: dict[str, int] = {}
    for dispute in disputes:
        sums[dispute.currency] = sums.get(dispute.currency, 0) + dispute.amount
    amounts = ", ".join(format_amount(amount, currency) for currency, amount in sorted(sums.items()))
    yield Notice(
        title=ngettext(
            "%(count)s dispute to answer, %(amounts)s",
            "%(count)s disputes to answer, %(amounts)s",
            len(disputes),
        )
        % {"count": _counted(len(disputes)), "amounts": amounts},
        text=_named([dispute.organization.name for dispute in disputes]),
        word=_("First due %(day)s") % {"day": event_date(first, "UTC")} if first else _("Reply needed"),
        tone=DANGER,
        label=_("Open queue"),
        url=reverse("adminpanel:disputes"),
        due=first or NEVER,
    )


def _payouts() -> Iterator[Notice]:
    """Those that banks sent back, and nothing has gone out since."""
    failed = list(not_made_up_for()[: MOST + 1])
    if not failed:
        return
    told = _named([payout.organization.name for payout in failed])
    if len(failed) == 1:
        told = f"{told}: {failure_in_words(failed[0].failure_code)}"
    amount = format_amount(failed[0].amount, failed[0].currency)
    yield Notice(
        title=ngettext("Payout of %(amount)s failed", "%(count)s payouts failed", len(failed))
        % {"count": _counted(len(failed)), "amount": amount},
        text=told,
        word=_("Failed"),
        tone=DANGER,
        label=_("Open payouts"),
        url=f"{reverse('adminpanel:payouts')}?status=failed",
    )


def _restricted() -> Iterator[Notice]:
    """Accounts with which nobody can sell until their owners have given Stripe what it asks for."""
    accounts = ConnectedAccount.objects.filter(is_current=True).annotate(group=group_of())
    rows = accounts.filter(group=AccountGroup.RESTRICTED).order_by("-synced_at", "pk")
    names = list(rows.values_list("organization__name", flat=True)[: MOST + 1])
    if not names:
        return
    title = ngettext(
        "%(count)s organization restricted by Stripe",
        "%(count)s organizations restricted by Stripe",
        len(names),
    )
    yield Notice(
        title=title % {"count": _counted(len(names))},
        text=_named(names),
        word=_("Sales paused"),
        tone=WARNING,
        label=_("Show them"),
        url=f"{reverse('adminpanel:organizations')}?status={AccountGroup.RESTRICTED}",
    )


def _others() -> Iterator[Notice]:
    """What no sweep gets further with: every kind in one statement."""
    rows = {source.rows().model: (source.rows(), source.since) for source in SOURCES}
    rows[LedgerViolation] = (LedgerViolation.objects.filter(cleared_at=None), "first_seen_at")
    counts = [_count(model.__name__, found, since) for model, (found, since) in rows.items()]
    by_name = {model.__name__: kind for model, kind in KINDS.items()}
    for row in counts[0].union(*counts[1:], all=True):
        if row["count"]:
            kind = by_name[row["model"]]
            yield Notice(
                title=kind.title % {"count": row["count"]},
                text=str(kind.text),
                word=_("Since %(day)s") % {"day": event_date(row["since"], "UTC")},
                tone=kind.tone,
                label=_("Show them"),
                url=f"{reverse(kind.page)}{'?' if kind.query else ''}{kind.query}",
            )


def _count(name: str, rows: QuerySet[Any], since: str) -> Any:
    grouped = rows.order_by().select_related(None).values(model=Value(name))
    return grouped.annotate(count=Count("pk"), since=Min(since)).values("model", "count", "since")


def _counted(count: int) -> str:
    return str(count) if count <= MOST else _("More than %(most)s") % {"most": MOST}


def _named(names: list[str]) -> str:
    """The first few, each once."""
    each = list(dict.fromkeys(names))
    rest = len(each) - NAMED
    told = ", ".join(each[:NAMED])
    more = ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", rest)
    return more % {"names": told, "count": rest} if rest > 0 else told
