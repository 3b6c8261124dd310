"""Why a bank sent a payout back, in words that an organizer can act on (docs.stripe.com/api/payouts/failures)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

UNKNOWN = _(
    "The bank didn't take this payout. Check the bank account in your Stripe dashboard; the money is back in your "
    "balance."
)
WORDS: dict[str, Promise] = {
    "account_closed": _("The bank account has been closed. Add another one in your Stripe dashboard."),
    "account_frozen": _("The bank account is frozen. Ask your bank, or add another account."),
    "bank_account_restricted": _(
        "The bank account doesn't take payouts of this kind. Ask your bank, or add another account."
    ),
    "bank_ownership_changed": _(
        "The bank account belongs to somebody else now. Add another one in your Stripe dashboard."
    ),
    "could_not_process": _(
        "The bank couldn't process the payout. Check the account's details, then try again."
    ),
    "debit_not_authorized": _(
        "The bank account doesn't allow debits, which Stripe needs when the balance is below zero. Ask your bank."
    ),
    "declined": _("The bank declined the payout. Ask your bank before you try again."),
    "incorrect_account_holder_address": _(
        "The account holder's address isn't the one that the bank has. Correct it in your Stripe dashboard."
    ),
    "incorrect_account_holder_name": _(
        "The account holder's name isn't the one that the bank has. Correct it in your Stripe dashboard."
    ),
    "incorrect_account_holder_tax_id": _(
        "The account holder's tax number isn't the one that the bank has. Correct it in your Stripe dashboard."
    ),
    "insufficient_funds": _("There wasn't enough money in the account that the payout was taken from."),
    "invalid_account_number": _(
        "The account number is wrong, or of the wrong kind of account. Correct it in your Stripe dashboard."
    ),
    "invalid_currency": _("The bank account doesn't take this currency. Add another one for it."),
    "no_account": _(
        "The bank couldn't find the account. Check its number and bank code in your Stripe dashboard."
    ),
    "unsupported_card": _(
        "The debit card can't be paid out to any more. Add another one, or a bank account."
    ),
}


def failure_in_words(code: str) -> str:
    """What a failure code means and what to do; a code that Stripe added since gets a plain sentence."""
    return str(WORDS.get(code, UNKNOWN))
