"""The mails about Premium: welcome, receipt, a payment that failed, cancelled, ending soon. All to the subscriber."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Entitlement
from accounts.premium import PREMIUM, Benefit
from maly.money import format_amount
from notifications.registry import Mail, message
from notifications.render import Letter, render_letter
from premium import mail_examples as examples
from premium.links import billing_url
from premium.models import PremiumInvoice, Subscription
from premium.services.news import ENDED, EXTRA, SCHEDULED
from premium.wording import AFTERWARDS, card_in_words, day_text, ending_in_words, plan_in_words

Ids = dict[str, Any]


@message("premium_welcome", example=examples.subscription)
def premium_welcome(ids: Ids) -> Mail:
    """What Premium gives, what it costs and where it is looked after."""
    found = _subscription(ids)
    letter = Letter(
        subject=_("Welcome to %(premium)s") % _names(),
        heading=_("You have Premium"),
        preview=_("What you can do now, and where you look after it."),
        paragraphs=[_("Thank you. From now on you have:"), *(f"• {benefit.label}" for benefit in Benefit)],
        facts=[(_("Plan"), plan_in_words(found)), *_next_payment(found)],
        action=(_("See what you have"), _pricing_url()),
        after=[
            _("You can change the plan, the card or cancel at any time: %(url)s") % {"url": billing_url()}
        ],
        footer=_footer(),
    )
    return render_letter(letter)


@message("premium_receipt", example=examples.paid_invoice)
def premium_receipt(ids: Ids) -> Mail:
    """What was paid, by which card, and for how long."""
    invoice = _invoice(ids)
    amount = format_amount(invoice.charged_amount or invoice.paid_amount, invoice.currency)
    letter = Letter(
        subject=_("Receipt: %(amount)s for %(premium)s") % {"amount": amount, **_names()},
        heading=_("You paid %(amount)s") % {"amount": amount},
        preview=_("Your receipt for %(premium)s.") % _names(),
        paragraphs=[_("Thank you. This is your receipt for %(premium)s.") % _names()],
        facts=[
            (_("Paid"), amount),
            *_if(_("On"), day_text(invoice.paid_at) if invoice.paid_at else ""),
            *_if(_("By"), card_in_words(invoice)),
            *_plan(invoice.subscription),
            *_if(_("Invoice"), invoice.number),
        ],
        action=(_("Open the invoice"), invoice.hosted_url or billing_url()),
        footer=_footer(),
    )
    return render_letter(letter)


@message("premium_payment_failed", example=examples.failed_invoice)
def premium_payment_failed(ids: Ids) -> Mail:
    """That a card wasn't charged, until when Premium goes on, and how to put it right."""
    invoice = _invoice(ids)
    amount = format_amount(invoice.due_amount, invoice.currency)
    until = _lasts_until(invoice.user_id)
    is_on = until is not None and until > timezone.now()
    letter = Letter(
        subject=_("Last reminder: update your card to keep %(premium)s") % _names()
        if ids.get("is_last")
        else _("Your payment for %(premium)s failed: update your card") % _names(),
        heading=_("We couldn’t charge %(amount)s") % {"amount": amount},
        preview=_("Update your card to keep Premium.")
        if is_on
        else _("Update your card to have Premium again."),
        paragraphs=[
            _("Your payment of %(amount)s for %(premium)s didn’t go through.")
            % {"amount": amount, **_names()},
            _("Use another card, or pay the open invoice. It takes a minute."),
        ],
        facts=[
            (_("To be paid"), amount),
            *_if(_("Card"), card_in_words(invoice)),
            *_if(_("We try again on"), day_text(invoice.next_attempt_at) if invoice.next_attempt_at else ""),
            *_if(
                _("Premium lasts until") if is_on else _("Premium off since"),
                day_text(until) if until else "",
            ),
        ],
        action=(_("Update your card"), billing_url()),
        after=_open_invoice(invoice),
        footer=_footer(),
    )
    return render_letter(letter)


@message("premium_canceled", example=examples.cancelled_subscription)
def premium_canceled(ids: Ids) -> Mail:
    """That Premium is to end with its period, has ended, or was paid twice: `reason` says which."""
    found = _subscription(ids)
    render = {SCHEDULED: _scheduled, ENDED: _ended, EXTRA: _paid_twice}[ids["reason"]]
    return render_letter(render(found))


def _scheduled(found: Subscription) -> Letter:
    day = day_text(found.current_period_end)
    until = _("You cancelled Premium: it lasts until %(day)s") % {"day": day}
    return Letter(
        subject=_("You cancelled Premium") if found.is_failing else until,
        heading=_("You cancelled Premium"),
        preview=_("You can still change your mind."),
        paragraphs=[
            ending_in_words(found),
            _("What changes then:"),
            *_afterwards(),
        ],
        facts=[(_("Plan"), plan_in_words(found))],
        action=(_("Keep Premium"), billing_url()),
        footer=_footer(),
    )


def _ended(found: Subscription) -> Letter:
    day = day_text(found.ended_at or found.current_period_end)
    return Letter(
        subject=_("Your Premium has ended"),
        heading=_("Premium has ended"),
        preview=_("Nothing more is charged."),
        paragraphs=[
            _("Your Premium ended on %(day)s. Nothing more is charged.") % {"day": day},
            _("What has changed:"),
            *_afterwards(),
        ],
        facts=[(_("Plan"), plan_in_words(found))],
        action=(_("See Premium"), _pricing_url()),
        footer=_footer(),
    )


def _paid_twice(found: Subscription) -> Letter:
    amount = format_amount(found.amount, found.currency)
    return Letter(
        subject=_("You paid for Premium twice: %(amount)s goes back") % {"amount": amount},
        heading=_("%(amount)s goes back to you") % {"amount": amount},
        preview=_("Your Premium goes on as it is."),
        paragraphs=[
            _("Premium was paid twice, perhaps in two windows. We have cancelled the second one."),
            _("What it cost goes back to the card that paid, in 5–10 working days. You needn’t do anything."),
        ],
        facts=[(_("Cancelled"), plan_in_words(found))],
        action=(_("See your billing"), billing_url()),
        footer=_footer(),
    )


@message("premium_ending", example=examples.cancelled_subscription)
def premium_ending(ids: Ids) -> Mail:
    """A few days before the end of what was paid for, with the way to keep it."""
    found = _subscription(ids)
    day = day_text(found.current_period_end)
    letter = Letter(
        subject=_("Your Premium ends on %(day)s") % {"day": day},
        heading=_("Premium ends on %(day)s") % {"day": day},
        preview=_("You can still keep it."),
        paragraphs=[_("You cancelled, so it isn’t renewed. What changes then:"), *_afterwards()],
        facts=[(_("Plan"), plan_in_words(found))],
        action=(_("Keep Premium"), billing_url()),
        after=[_("There is nothing to do if you want it to end.")],
        footer=_footer(),
    )
    return render_letter(letter)


def _subscription(ids: Ids) -> Subscription:
    return Subscription.objects.select_related("user").get(pk=ids["subscription"])


def _invoice(ids: Ids) -> PremiumInvoice:
    return PremiumInvoice.objects.select_related("user", "subscription").get(pk=ids["invoice"])


def _names() -> dict[str, str]:
    return {"premium": f"{settings.PLATFORM_NAME} Premium"}


def _if(label: str, value: str) -> list[tuple[str, str]]:
    return [(label, value)] if value else []


def _plan(subscription: Subscription | None) -> list[tuple[str, str]]:
    return [(_("Plan"), plan_in_words(subscription)), *_next_payment(subscription)] if subscription else []


def _next_payment(subscription: Subscription) -> list[tuple[str, str]]:
    if subscription.renews_at is None:
        return []
    amount = format_amount(subscription.next_amount, subscription.currency)
    words = _("%(day)s, %(amount)s") % {"day": day_text(subscription.renews_at), "amount": amount}
    return [(_("Next payment"), words)]


def _open_invoice(invoice: PremiumInvoice) -> list[str]:
    return [_("Pay this invoice now: %(url)s") % {"url": invoice.hosted_url}] if invoice.hosted_url else []


def _afterwards() -> list[str]:
    return [f"• {benefit.label}. {AFTERWARDS[benefit]}" for benefit in Benefit]


def _lasts_until(user_id: int) -> datetime | None:
    return Entitlement.objects.filter(user=user_id, kind=PREMIUM).values_list("until", flat=True).first()


def _pricing_url() -> str:
    return f"{settings.SITE_URL}{reverse('premium:pricing')}"


def _footer() -> str:
    return _("Sent by %(platform)s because you have, or had, Premium.") % {"platform": settings.PLATFORM_NAME}
