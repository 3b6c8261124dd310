"""What people read of Premium: what it gives, how a subscription stands, what an invoice is. Days are UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.premium import PREMIUM_TEAM_MEMBERS, TEAM_MEMBERS, Benefit
from maly.money import format_amount
from premium.models import PremiumInvoice, Subscription
from premium.plans import PLANS, Plan

Words = str | Promise
# What each benefit means; its name is in its declaration. The lower fee's rates are in the fee plans.
MEANING: dict[Benefit, Words] = {
    Benefit.LOWER_FEE: gettext_lazy("On what you sell under your own name, from the next order on."),
    Benefit.LARGER_TEAM: format_lazy(
        gettext_lazy("Up to {most} people in each team that you own, instead of {usual}."),
        most=PREMIUM_TEAM_MEMBERS,
        usual=TEAM_MEMBERS,
    ),
    Benefit.EVENT_ADDRESS: gettext_lazy(
        "Change it even after tickets are sold: every old link leads to the new one."
    ),
    Benefit.EVENT_ACCENT: gettext_lazy("Twelve colours, each easy to read in light and in dark."),
    Benefit.SALES_INSIGHT: gettext_lazy("By week and by event, the best days and hours, and who comes back."),
}
# What becomes of it when Premium ends.
AFTERWARDS: dict[Benefit, Words] = {
    Benefit.LOWER_FEE: gettext_lazy(
        "New orders carry the usual fee again. Orders already paid don’t change."
    ),
    Benefit.LARGER_TEAM: format_lazy(
        gettext_lazy("Nobody is removed. A team of {usual} or more can’t invite anyone new."),
        usual=TEAM_MEMBERS,
    ),
    Benefit.EVENT_ADDRESS: gettext_lazy(
        "Addresses stay, and old links still work. After the first sale you can’t change them."
    ),
    Benefit.EVENT_ACCENT: gettext_lazy("Colours stay as they are. You can’t choose others."),
    Benefit.SALES_INSIGHT: gettext_lazy("The page closes. Every event keeps its own figures."),
}
# Where a benefit is used; apps above are named by their URLs.
PLACES: dict[Benefit, str] = {
    Benefit.LOWER_FEE: "dashboard:payments",
    Benefit.LARGER_TEAM: "accounts:team",
    Benefit.EVENT_ADDRESS: "ticketing:events",
    Benefit.EVENT_ACCENT: "ticketing:events",
    Benefit.SALES_INSIGHT: "dashboard:insight",
}
INVOICE_WORDS: dict[str, tuple[Words, str]] = {
    PremiumInvoice.Status.DRAFT: (gettext_lazy("Being prepared"), ""),
    PremiumInvoice.Status.OPEN: (gettext_lazy("To be paid"), "warning"),
    PremiumInvoice.Status.PAID: (gettext_lazy("Paid"), "success"),
    PremiumInvoice.Status.UNCOLLECTIBLE: (gettext_lazy("Not paid"), "danger"),
    PremiumInvoice.Status.VOID: (gettext_lazy("Withdrawn"), ""),
}
INVOICE_FAILED = gettext_lazy("Payment failed")
INVOICE_REFUNDED = gettext_lazy("Refunded")
INVOICE_PARTLY_REFUNDED = gettext_lazy("Partly refunded")


@dataclass(frozen=True)
class Standing:
    """How a subscription stands: a word with its tone, and a sentence."""

    word: Words
    tone: str
    words: str


def day_text(moment: datetime) -> str:
    """A day as pages write it: Tue 22 Dec 2026."""
    return format_date(moment.astimezone(UTC), "D j M Y")


def price_text(amount: int, currency: str) -> str:
    """A price without cents where it has none: $29, $290, $29.50."""
    return format_amount(amount, currency).removesuffix(".00")


def rate_in_words(plan: Plan) -> str:
    """$29 a month."""
    return _("%(price)s a %(each)s") % {"price": price_text(plan.amount, plan.currency), "each": plan.each}


def saving_in_words(yearly: Plan, monthly: Plan) -> str:
    """Two months free: $58 less than paying monthly. Computed from the two prices; empty where a year saves nothing."""
    saved = 12 * monthly.amount - yearly.amount
    months, rest = divmod(saved, monthly.amount)
    if saved <= 0:
        return ""
    less = {"saved": price_text(saved, yearly.currency), "months": months}
    if rest or not months:
        return _("%(saved)s less than paying monthly.") % less
    if months == 1:
        return _("One month free: %(saved)s less than paying monthly.") % less
    return _("%(months)s months free: %(saved)s less than paying monthly.") % less


def standing_of(subscription: Subscription, *, lasts_until: datetime | None) -> Standing:
    """How it stands; `lasts_until` is the end of what has been paid for, or of the grace while a payment fails."""
    given = {
        "day": day_text(subscription.current_period_end),
        "amount": format_amount(subscription.next_amount, subscription.currency),
        "until": day_text(lasts_until) if lasts_until else "",
    }
    status = subscription.Status
    if subscription.is_over:
        return Standing(_("Ended"), "", _("Premium has ended. Nothing more is charged."))
    if subscription.status == status.PAST_DUE and lasts_until:
        return Standing(
            _("Payment failed"),
            "danger",
            _("We couldn’t charge your card. Premium goes on until %(until)s while you put it right.")
            % given,
        )
    if subscription.is_failing:
        return Standing(_("Payment failed"), "danger", _("Premium is off until the open invoice is paid."))
    if subscription.status == status.INCOMPLETE:
        return Standing(_("Not paid yet"), "warning", _("Premium begins when the first payment is made."))
    if subscription.status == status.PAUSED:
        return Standing(_("Paused"), "warning", _("Premium is off, and nothing is charged."))
    if subscription.cancel_at_period_end:
        return Standing(
            _("Ends soon"),
            "warning",
            _("You cancelled. Premium lasts until %(day)s, and nothing more is charged.") % given,
        )
    if subscription.status == status.TRIALING:
        return Standing(_("Trial"), "info", _("Free until %(day)s, then %(amount)s is charged.") % given)
    return Standing(_("Active"), "success", _("Renews on %(day)s for %(amount)s.") % given)


def ending_in_words(subscription: Subscription) -> str:
    """How long Premium lasts once it is cancelled. While a payment fails, that depends on the open invoice."""
    day, until = day_text(subscription.current_period_end), subscription.grace_until
    if not subscription.is_failing:
        return _("It lasts until %(day)s, and nothing more is charged.") % {"day": day}
    if until and until > timezone.now():
        words = _("It lasts until %(until)s, or until %(day)s if the open invoice is paid.")
        return f"{words % {'until': day_text(until), 'day': day}} {_('Nothing is charged after that.')}"
    words = _("It is off. If the open invoice is paid, it lasts until %(day)s.") % {"day": day}
    return f"{words} {_('Nothing is charged after that.')}"


def plan_in_words(subscription: Subscription) -> str:
    """Monthly, $29 a month: at the price of this subscription, whatever new ones cost."""
    plan = PLANS[subscription.subscription_type]
    price = price_text(subscription.amount, subscription.currency)
    return _("%(plan)s, %(price)s a %(each)s") % {
        "plan": subscription.get_subscription_type_display(),
        "price": price,
        "each": plan.each,
    }


def card_in_words(invoice: PremiumInvoice | None) -> str:
    """Visa ending 4242; empty where no card has paid."""
    if invoice is None or not invoice.card_last4:
        return ""
    brand = invoice.card_brand.replace("_", " ").title() or _("Card")
    return _("%(brand)s ending %(last4)s") % {"brand": brand, "last4": invoice.card_last4}
