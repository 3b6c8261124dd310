"""The mails about an organizer's Stripe account: that it may sell, and that Stripe wants something."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organization
from connect.models import AccountState, ConnectedAccount
from connect.requirements import disabled_reason_words, requirements_in_words
from maly.codes import make_key
from notifications.registry import Mail, message
from notifications.render import Letter, render_letter


def _example(state: AccountState) -> dict[str, Any]:
    """The newest account, or a sample, as if it were in this state."""
    account = ConnectedAccount.objects.exclude(stripe_account_id=None).order_by("-pk").first()
    if account is None:
        key = make_key()
        account = ConnectedAccount.objects.create(
            organization=Organization.objects.create(slug=f"sample-{key}", name="Harbour Arts"),
            creation_key=f"sample-{key}",
            stripe_account_id=f"acct_{key}",
        )
    due = [] if state == AccountState.READY else ["external_account", "individual.verification.document"]
    return {
        "account": account.pk,
        "state": str(state),
        "due": due,
        "deadline": None,
        "reason": None,
    }


@message("stripe_connected", example=lambda: _example(AccountState.READY))
def stripe_connected(ids: dict[str, Any]) -> Mail:
    """The account is verified: paid tickets may be sold, now or again."""
    account = _account(ids)
    due, until = _due(ids), _deadline(ids)
    after = [_("Stripe will ask for more: %(due)s.") % {"due": "; ".join(due)}] if due else []
    if due and until:
        after.append(_("Give it by %(day)s, so that sales go on.") % {"day": until})
    letter = Letter(
        subject=_("Your payment account is verified"),
        heading=_("Your payment account is verified"),
        preview=_("You can now sell tickets for %(name)s.") % {"name": account.organization.name},
        paragraphs=[
            _("Your payment account is verified. You can now sell tickets."),
            _("What your sales earn goes to your Stripe balance, and from there to your bank account."),
        ],
        facts=_facts(account, _("On")),
        action=(_("Open payments"), _payments_url(account)),
        after=after,
        footer=_footer(account),
    )
    return render_letter(letter)


@message("stripe_restricted", example=lambda: _example(AccountState.RESTRICTED))
def stripe_restricted(ids: dict[str, Any]) -> Mail:
    """The account needs attention: what Stripe asks for and until when, and whether sales are on."""
    account, state = _account(ids), ids["state"]
    due, until = _due(ids), _deadline(ids)
    reason = disabled_reason_words(ids["reason"])
    sales = _("On") if state == AccountState.DUE_SOON else _("Paused")
    facts = _facts(account, sales)
    if due:
        facts.append((_("Stripe needs"), "; ".join(due)))
    if due and until:
        facts.append((_("By"), until))
    label = _("Open payments") if state in HANDS_OFF else _("Finish in Stripe")
    letter = Letter(
        subject=_subject(state, len(due), until),
        heading=_heading(state),
        preview=_meaning(state),
        paragraphs=[*_call(state), _meaning(state), *([reason] if reason else [])],
        facts=facts,
        action=(label, _payments_url(account)),
        footer=_footer(account),
    )
    return render_letter(letter)


# States in which Stripe waits for nothing that the organizer could give.
HANDS_OFF = (AccountState.UNDER_REVIEW, AccountState.REJECTED)


def _subject(state: str, count: int, until: str) -> str:
    if state in HANDS_OFF or not count:
        return (
            _heading(state) if state in HANDS_OFF else _("Action required: %s") % _needs_attention().lower()
        )
    needs = ngettext("Stripe needs %(count)s thing", "Stripe needs %(count)s things", count)
    by = _(" by %(day)s") % {"day": until} if until else ""
    return _("Action required: %(needs)s%(by)s") % {"needs": needs % {"count": count}, "by": by}


def _needs_attention() -> str:
    return _("Your payment account needs attention")


def _heading(state: str) -> str:
    words = {
        AccountState.UNDER_REVIEW: _("Stripe is checking your payment account"),
        AccountState.REJECTED: _("Stripe doesn’t accept your payment account"),
    }
    return words.get(AccountState(state), _needs_attention())


def _call(state: str) -> list[str]:
    return [] if state in HANDS_OFF else [_("Action required: Your payment account needs attention.")]


def _meaning(state: str) -> str:
    words = {
        AccountState.DUE_SOON: _("Stripe needs a little more from you. Sales are still on."),
        AccountState.UNDER_REVIEW: _(
            "There is nothing to do. Paid tickets aren’t on sale until Stripe is done, usually within 2 days."
        ),
        AccountState.REJECTED: _(
            "Sales of paid tickets are paused. Write to %(email)s if you think that this is wrong."
        )
        % {"email": settings.PLATFORM_SUPPORT_EMAIL},
    }
    return words.get(
        AccountState(state), _("Sales of paid tickets are paused until Stripe has what it asks for.")
    )


def _account(ids: dict[str, Any]) -> ConnectedAccount:
    return ConnectedAccount.objects.select_related("organization").get(pk=ids["account"])


def _due(ids: dict[str, Any]) -> list[str]:
    return [str(words) for words in requirements_in_words(ids["due"])]


def _deadline(ids: dict[str, Any]) -> str:
    if not ids["deadline"]:
        return ""
    return format_date(datetime.fromtimestamp(ids["deadline"], UTC), "j M Y")


def _facts(account: ConnectedAccount, sales: str) -> list[tuple[str, str]]:
    return [
        (_("Organization"), account.organization.name),
        (_("Stripe account"), str(account.masked_id)),
        (_("Sales of paid tickets"), sales),
    ]


def _payments_url(account: ConnectedAccount) -> str:
    """The page that asks Stripe how the account stands, for the organization that the mail is about."""
    query = urlencode({"organization": account.organization.slug})
    return f"{settings.SITE_URL}{reverse('dashboard:payments-return')}?{query}"


def _footer(account: ConnectedAccount) -> str:
    given = {"platform": settings.PLATFORM_NAME, "name": account.organization.name}
    return _("Sent by %(platform)s because you look after the payments of %(name)s.") % given
