"""Identifiers in the form of Stripe's: a prefix that names the kind, then random letters and digits."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits

# Which table an identifier's prefix leads to. Longest prefix first, since `py_` and `pyr_` differ.
KINDS = {
    "acct_": "account",
    "ba_": "bank_account",
    "bpc_": "billing_portal.configuration",
    "bps_": "billing_portal.session",
    "cbtxn_": "customer_balance_transaction",
    "ch_": "charge",
    "cs_": "checkout.session",
    "cus_": "customer",
    "dp_": "dispute",
    "evt_": "event",
    "fee_": "application_fee",
    "fr_": "fee_refund",
    "ii_": "invoiceitem",
    "in_": "invoice",
    "inpay_": "invoice_payment",
    "pi_": "payment_intent",
    "pm_": "payment_method",
    "po_": "payout",
    "price_": "price",
    "prod_": "product",
    "py_": "charge",
    "pyr_": "refund",
    "re_": "refund",
    "sub_": "subscription",
    "tr_": "transfer",
    "trr_": "transfer_reversal",
    "txn_": "balance_transaction",
    "we_": "webhook_endpoint",
}


def random_text(length: int) -> str:
    """Return `length` random letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_id(prefix: str, length: int = 24) -> str:
    """Return a new identifier: `prefix`, an underscore, and random letters and digits."""
    return f"{prefix}_{random_text(length)}"


def kind_of(identifier: str) -> str | None:
    """Return the kind of object that an identifier names, or None for a foreign text."""
    prefix, underscore, _rest = identifier.partition("_")
    return KINDS.get(prefix + underscore)
