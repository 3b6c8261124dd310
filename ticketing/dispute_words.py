"""Disputes in words for people who have never had one."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from maly.money import format_amount
from ticketing.models import Dispute

# The texts of an answer, by Stripe's names.
EVIDENCE = {
    "product_description": _lazy("What was sold"),
    "customer_name": _lazy("Buyer's name"),
    "customer_email_address": _lazy("Buyer's email"),
    "service_date": _lazy("Day of the event"),
    "access_activity_log": _lazy("What the buyer did with it"),
    "refund_policy_disclosure": _lazy("Refund policy, and how it was shown"),
    "refund_refusal_explanation": _lazy("Why no refund is due"),
    "cancellation_rebuttal": _lazy("Why it wasn't cancelled"),
    "duplicate_charge_explanation": _lazy("Why it isn't a second charge"),
    "uncategorized_text": _lazy("Anything else"),
}


def reason_in_words(reason: str) -> str:
    """What the buyer told the bank, by Stripe's name of it."""
    words = {
        "bank_cannot_process": _("The bank can't process the payment."),
        "check_returned": _("The buyer's bank returned the check."),
        "credit_not_processed": _("The buyer says that a refund was promised and never came."),
        "customer_initiated": _("The buyer asked their bank for the money back."),
        "debit_not_authorized": _("The buyer says that they didn't allow the debit."),
        "duplicate": _("The buyer says that they were charged twice."),
        "fraudulent": _("The card's owner says that they didn't make this payment."),
        "incorrect_account_details": _("The account details were wrong."),
        "insufficient_funds": _("The buyer's account had too little money."),
        "noncompliant": _("The card network says that a rule wasn't followed."),
        "product_not_received": _("The buyer says that they didn't get what they paid for."),
        "product_unacceptable": _("The buyer says that it wasn't what was promised."),
        "subscription_canceled": _("The buyer says that they had cancelled."),
        "unrecognized": _("The buyer doesn't recognise the payment on their statement."),
    }
    return words.get(reason, _("The buyer's bank gave no particular reason."))


def status_in_words(dispute: Dispute) -> str:
    """The status as people call it: a lost dispute that we accepted is one that was accepted."""
    if dispute.status == Dispute.Status.LOST and dispute.answer == Dispute.Answer.ACCEPTED:
        return _("Accepted")
    return str(dispute.get_status_display())


def news_in_words(dispute: Dispute) -> str:
    """What a dispute means for the organizer, and what happens next."""
    if dispute.status == Dispute.Status.WON:
        return _("The bank decided for you. What was taken from you for it goes back to you.")
    if dispute.status == Dispute.Status.LOST:
        return _("The bank gave the money to the buyer. Your share of it was taken from you.")
    if dispute.is_closed:
        return _("It is over, and the money stays with you.")
    if dispute.is_inquiry:
        return _("The bank asks about the payment. Nothing is taken unless it becomes a dispute.")
    share = format_amount(dispute.share_amount, dispute.currency)
    words = _(
        "We answer the bank with what we know. Until it decides, your share, %(share)s, is taken from your Stripe "
        "balance. You get it back if we win."
    )
    if dispute.answer or dispute.status == Dispute.Status.UNDER_REVIEW:
        words = _(
            "The bank has the answer and decides, which takes it 60 to 75 days. Until then your share, %(share)s, is "
            "taken from your Stripe balance. You get it back if we win."
        )
    return words % {"share": share}


def step_in_words(step: str, who: str) -> str:
    """What happened to a dispute, by the last part of its audit entry's name; `who` did it."""
    words = {
        "needs_response": _("Disputed by the buyer’s bank"),
        "warning_needs_response": _("The buyer’s bank asks about the payment"),
        "under_review": _("The bank is deciding about the dispute"),
        "warning_under_review": _("The bank is thinking about the answer"),
        "warning_closed": _("The bank asks no more"),
        "prevented": _("Settled before it became a dispute"),
        "statement": _("%(who)s wrote down what your team knows"),
        "evidence": _("%(who)s sent evidence to the bank"),
        "accepted": _("%(who)s accepted the dispute"),
        "recovered": _("Your share was taken back for the dispute"),
        "won": _("Dispute won"),
        "lost": _("Dispute lost"),
    }
    told = words.get(step, _("Dispute: %(what)s"))
    return told % {"who": who, "what": step.replace("_", " ")}
