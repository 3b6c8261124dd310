"""The mails about an organizer's payouts: on its way, and failed."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Organization
from connect.models import ConnectedAccount
from maly.codes import make_key
from maly.money import format_amount
from notifications.registry import Mail, message
from notifications.render import Letter, render_letter
from payouts.models import OrganizerPayout, PayoutStatus
from payouts.wording.failures import failure_in_words


def _example() -> dict[str, Any]:
    """The newest payout, or a sample."""
    payout = OrganizerPayout.objects.order_by("-pk").first() or _sample()
    return {"payout": payout.pk}


def _sample() -> OrganizerPayout:
    key, now = make_key(), timezone.now()
    organization = Organization.objects.create(slug=f"sample-{key}", name="Harbour Arts")
    account = ConnectedAccount.objects.create(
        organization=organization, creation_key=f"sample-{key}", stripe_account_id=f"acct_{key}"
    )
    return OrganizerPayout.objects.create(
        organization=organization,
        connected_account=account,
        stripe_payout_id=f"po_{key}",
        amount=128450,
        currency="usd",
        status=PayoutStatus.IN_TRANSIT,
        arrival_date=now + timedelta(days=2),
        failure_code="account_closed",
        automatic=True,
        bank_name="STRIPE TEST BANK",
        bank_last4="6789",
        created_at=now,
    )


@message("payout_sent", example=_example)
def payout_sent(ids: dict[str, Any]) -> Mail:
    """How much is on its way to the bank, and when Stripe expects it there."""
    payout = _payout(ids)
    amount, day = _amount(payout), _day(payout)
    letter = Letter(
        subject=_("%(amount)s is on its way to your bank") % {"amount": amount},
        heading=_("%(amount)s is on its way") % {"amount": amount},
        preview=_("Expected in your bank account by %(day)s.") % {"day": day},
        paragraphs=[
            _("Payout of %(amount)s is on its way to your bank account.") % {"amount": amount},
            _("Stripe expects it there by %(day)s; a bank may take a day longer.") % {"day": day},
        ],
        facts=[*_facts(payout), (_("Expected"), day)],
        action=(_("See what it is made of"), _payout_url(payout)),
        footer=_footer(payout),
    )
    return render_letter(letter)


@message("payout_failed", example=_example)
def payout_failed(ids: dict[str, Any]) -> Mail:
    """That a payout came back, why, and what to do about it."""
    payout = _payout(ids)
    amount = _amount(payout)
    if payout.amount < 0:
        opening = _(
            "Stripe couldn’t take %(amount)s from your bank account. Please update your bank details."
        )
    else:
        opening = _("Payout of %(amount)s failed. Please update your bank details.")
    letter = Letter(
        subject=_("Payout of %(amount)s failed: update your bank details") % {"amount": amount},
        heading=_("Payout of %(amount)s failed") % {"amount": amount},
        preview=failure_in_words(payout.failure_code),
        paragraphs=[opening % {"amount": amount}, failure_in_words(payout.failure_code), *_meanwhile(payout)],
        facts=_facts(payout),
        action=(_("Update bank details"), _payments_url(payout)),
        footer=_footer(payout),
    )
    return render_letter(letter)


def _meanwhile(payout: OrganizerPayout) -> list[str]:
    if payout.amount < 0:
        return []
    return [_("Nothing is lost: it is paid out again once your bank details are right.")]


def _payout(ids: dict[str, Any]) -> OrganizerPayout:
    return OrganizerPayout.objects.select_related("organization").get(pk=ids["payout"])


def _amount(payout: OrganizerPayout) -> str:
    return format_amount(abs(payout.amount), payout.currency)


def _day(payout: OrganizerPayout) -> str:
    return format_date(payout.arrival_date, "D j M Y")


def _facts(payout: OrganizerPayout) -> list[tuple[str, str]]:
    return [
        (_("Organization"), payout.organization.name),
        (_("Amount"), _amount(payout)),
        *([(_("Bank account"), _bank(payout))] if payout.bank_last4 else []),
        (_("Payout"), payout.stripe_payout_id),
    ]


def _bank(payout: OrganizerPayout) -> str:
    given = {"bank": payout.bank_name, "last4": payout.bank_last4}
    return (_("%(bank)s ending %(last4)s") % given).strip()


def _payout_url(payout: OrganizerPayout) -> str:
    return f"{settings.SITE_URL}{reverse('payouts:payout-detail', args=[payout.stripe_payout_id])}"


def _payments_url(payout: OrganizerPayout) -> str:
    """The payment settings of that organization, with the way to its bank details at Stripe."""
    query = urlencode({"organization": payout.organization.slug})
    return f"{settings.SITE_URL}{reverse('dashboard:payments-return')}?{query}"


def _footer(payout: OrganizerPayout) -> str:
    given = {"platform": settings.PLATFORM_NAME, "name": payout.organization.name}
    return _("Sent by %(platform)s because you look after the payments of %(name)s.") % given
