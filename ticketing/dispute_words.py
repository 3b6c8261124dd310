"""Disputes in words for people who have never had one."""

from django.utils.translation import gettext as _

from ticketing.models import Dispute


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
