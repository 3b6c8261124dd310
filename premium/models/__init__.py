"""Premium's rows: customers, checkouts, subscriptions, invoices and what goes back of them."""

from premium.models.customers import Customer, SubscriptionCheckout
from premium.models.invoices import PremiumDispute, PremiumInvoice, PremiumRefund
from premium.models.subscriptions import PlanChange, Subscription

__all__ = [
    "Customer",
    "PlanChange",
    "PremiumDispute",
    "PremiumInvoice",
    "PremiumRefund",
    "Subscription",
    "SubscriptionCheckout",
]
