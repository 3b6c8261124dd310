"""The chart of accounts: every account that a recipe may debit or credit, with its kind and whose it is.

Both of Stripe's balances are mirrored: `platform` and each `connected` account are what Stripe holds for us and for an
organizer; `organizer` is what we owe it. Everything exists once for each currency.
"""

from dataclasses import dataclass

from accounts.models import Organization
from ledger.models import LedgerAccount

ASSET, LIABILITY = LedgerAccount.Kind.ASSET, LedgerAccount.Kind.LIABILITY
REVENUE, EXPENSE = LedgerAccount.Kind.REVENUE, LedgerAccount.Kind.EXPENSE


@dataclass(frozen=True)
class Account:
    """An account of the chart, before it has a currency."""

    code: str
    kind: str
    organization_id: int | None = None


# --- what Stripe and the bank hold


def platform() -> Account:
    """Our own balance at Stripe."""
    return Account("stripe:platform", ASSET)


def connected(organization: Organization) -> Account:
    """The balance of an organizer's connected account at Stripe."""
    return Account(f"stripe:connected:{organization.pk}", ASSET, organization.pk)


def clearing_payout(organization: Organization) -> Account:
    """An organizer's payouts on their way to its bank."""
    return Account(f"clearing:payout:{organization.pk}", ASSET, organization.pk)


def clearing_payout_platform() -> Account:
    """Our own payouts on their way to our bank."""
    return Account("clearing:payout:platform", ASSET)


def bank_platform() -> Account:
    """Our bank account."""
    return Account("bank:platform", ASSET)


# --- what is owed


def organizer(organization: Organization) -> Account:
    """What is the organizer's: earned by its sales and not paid out yet."""
    return Account(f"organizer:{organization.pk}", LIABILITY, organization.pk)


def receivable_organizer(organization: Organization) -> Account:
    """What the organizer owes us: refunds that its balance couldn't bear."""
    return Account(f"receivable:organizer:{organization.pk}", ASSET, organization.pk)


def dispute(dispute_id: str, organization: Organization | None = None) -> Account:
    """The money that a dispute has taken from us until it is won or lost."""
    return Account(f"dispute:{dispute_id}", ASSET, organization.pk if organization else None)


def dispute_hold(dispute_id: str, organization: Organization | None = None) -> Account:
    """The organizer's share of a dispute, taken back from it until the dispute is won or lost."""
    return Account(f"dispute-hold:{dispute_id}", LIABILITY, organization.pk if organization else None)


def suspense_unmatched(organization: Organization | None = None) -> Account:
    """Money at Stripe, the platform's or an organizer's, that nothing of ours explains; staff have an exception."""
    if organization is None:
        return Account("suspense:unmatched", ASSET)
    return Account(f"suspense:unmatched:{organization.pk}", ASSET, organization.pk)


# --- what we earn and spend


def revenue_platform_fee() -> Account:
    return Account("revenue:platform_fee", REVENUE)


def revenue_processing_recovered() -> Account:
    """Stripe's fee as far as a sale pays it."""
    return Account("revenue:processing_recovered", REVENUE)


def revenue_premium() -> Account:
    return Account("revenue:premium", REVENUE)


def expense_stripe_fees() -> Account:
    return Account("expense:stripe_fees", EXPENSE)


def expense_dispute_fees() -> Account:
    return Account("expense:dispute_fees", EXPENSE)


def expense_dispute_loss() -> Account:
    return Account("expense:dispute_loss", EXPENSE)


def expense_refund_loss() -> Account:
    """Receivables that are written off."""
    return Account("expense:refund_loss", EXPENSE)
