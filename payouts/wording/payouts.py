"""Payouts, their schedule and their lines in words for organizers."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connect.stripe_objects import PayoutSchedule
from payouts.models import PayoutStatus

STATUS_WORDS: dict[str, Promise] = {
    PayoutStatus.PENDING: gettext_lazy("Scheduled"),
    PayoutStatus.IN_TRANSIT: gettext_lazy("On its way"),
    PayoutStatus.PAID: gettext_lazy("Paid"),
    PayoutStatus.FAILED: gettext_lazy("Failed"),
    PayoutStatus.CANCELED: gettext_lazy("Cancelled"),
}
# The colour behind a status.
TONES: dict[str, str] = {
    PayoutStatus.PENDING: "info",
    PayoutStatus.IN_TRANSIT: "info",
    PayoutStatus.PAID: "success",
    PayoutStatus.FAILED: "danger",
}
WEEKLY: dict[str, Promise] = {
    "monday": gettext_lazy("Weekly, on Mondays"),
    "tuesday": gettext_lazy("Weekly, on Tuesdays"),
    "wednesday": gettext_lazy("Weekly, on Wednesdays"),
    "thursday": gettext_lazy("Weekly, on Thursdays"),
    "friday": gettext_lazy("Weekly, on Fridays"),
}
# Stripe's types of balance transaction (docs.stripe.com/reports/balance-transaction-types) by what they do for an
# organizer: its part of an order, and what is taken back of one.
SALES = ("payment", "charge")
TAKEN_BACK = ("payment_refund", "refund", "transfer_refund")
TYPE_WORDS: dict[str, Promise] = {
    **dict.fromkeys(SALES, gettext_lazy("Sale")),
    **dict.fromkeys(TAKEN_BACK, gettext_lazy("Refund")),
    "adjustment": gettext_lazy("Correction by Stripe"),
    "payout": gettext_lazy("Earlier payout, asked for by hand"),
    "payout_failure": gettext_lazy("Failed payout, back in the balance"),
    "payout_cancel": gettext_lazy("Cancelled payout, back in the balance"),
    "stripe_fee": gettext_lazy("Stripe's fee"),
    "transfer": gettext_lazy("Transfer"),
}
OTHER = gettext_lazy("Other movement at Stripe")
DISPUTE, DISPUTE_WON = gettext_lazy("Dispute"), gettext_lazy("Dispute won")


def status_in_words(status: str) -> str:
    """What a payout's status is called everywhere."""
    return str(STATUS_WORDS[status])


def bank_in_words(last4: str) -> str:
    """A bank account by the end of its number, ····6789; nothing where it isn't known."""
    return f"····{last4}" if last4 else ""


def line_in_words(type_: str, *, amount: int, is_disputed: bool) -> str:
    """What a line is; what moves for a dispute has the types of a refund and of a sale at Stripe."""
    if is_disputed:
        return str(DISPUTE if amount < 0 else DISPUTE_WON)
    return str(TYPE_WORDS.get(type_, OTHER))


def schedule_in_words(schedule: PayoutSchedule) -> str:
    """When Stripe pays out: Weekly, on Mondays."""
    if schedule.interval == "daily":
        return _("Daily")
    if schedule.interval == "weekly":
        return str(WEEKLY.get(schedule.weekly_anchor or "", _("Weekly")))
    if schedule.interval == "monthly":
        if schedule.monthly_anchor is None:
            return _("Monthly")
        if schedule.monthly_anchor > 28:  # noqa: PLR2004
            facts = {"day": schedule.monthly_anchor}
            return _("Monthly, on day %(day)d; in shorter months on the last") % facts
        return _("Monthly, on day %(day)d") % {"day": schedule.monthly_anchor}
    return _("Only when you ask for it")
