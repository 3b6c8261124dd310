"""The ledger's kinds of movement in words for people; one that nobody named here is shown by its own name."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REVERSED = _("%(what)s, undone")
UNDER_REVIEW = _("Under review: %(what)s")
WORDS: dict[str, Promise] = {
    "sale": _("Paid by the buyer"),
    "stripe_fee": _("Stripe's fee"),
    "transfer": _("Transferred to the organizer"),
    "application_fee": _("Platform fee"),
    "refund": _("Refunded to the buyer"),
    "refund_paid_otherwise": _("The refund failed, the buyer was paid another way"),
    "transfer_reversed": _("Taken back from the organizer with a refund"),
    "fee_refunded": _("Platform fee given back"),
    "receivable_recovered": _("Owed for a refund, taken from the balance"),
    "receivable_written_off": _("Owed for a refund, given up"),
    "organizer_made_whole": _("Given back to the organizer after a refund failed"),
    "dispute_opened": _("Disputed by the buyer's bank"),
    "dispute_recovered": _("Taken back from the organizer for a dispute"),
    "dispute_won": _("Dispute won"),
    "dispute_lost": _("Dispute lost"),
    "dispute_returned": _("Given back to the organizer after a won dispute"),
    "payout_created": _("Left for the bank in a payout"),
    "payout_paid": _("Paid into the bank"),
    "payout_failed": _("The payout failed, back in the balance"),
    "payout_canceled": _("The payout was canceled, back in the balance"),
    "review_charge": _("Under review: paid by the buyer"),
    "review_owed": _("Under review: owed by the organizer"),
    "review_paid_otherwise": _("Under review: the buyer was paid another way"),
    "premium_sale": _("Paid for Premium"),
    "premium_stripe_fee": _("Stripe's fee for Premium"),
    "premium_refund": _("Premium refunded"),
    "premium_dispute_opened": _("A payment for Premium was disputed"),
    "premium_dispute_won": _("Dispute about Premium won"),
    "premium_dispute_lost": _("Dispute about Premium lost"),
    "unmatched": _("Movement at Stripe without an explanation yet"),
    "explained": _("Movement at Stripe, explained"),
}


def in_words(kind: str) -> str:
    """What a posting of this kind is, such as "Refunded to the buyer"."""
    if kind in WORDS:
        return str(WORDS[kind])
    if kind.endswith("_reversal"):
        return str(REVERSED % {"what": in_words(kind.removesuffix("_reversal"))})
    if kind.startswith("review_"):
        return str(UNDER_REVIEW % {"what": in_words(kind.removeprefix("review_"))})
    return kind.replace("_", " ").capitalize()
