"""The marketplace in a few numbers, for the API."""

from typing import Any

from django.db.models import Sum

from accounts.models import Organization
from adminpanel.selectors.periods import range_before, this_month, today
from adminpanel.selectors.revenue import NOTHING, growth_percent, list_currencies, sum_revenue
from connect.account_groups import AccountGroup, group_of
from connect.models import ConnectedAccount
from ticketing.models import Event, TicketType


def read_stats() -> dict[str, Any]:
    """Sums of each currency in which there was money, this month against the same days of the last, and counts.

    Tickets are counted by the stock, which every sale and refund keeps. Eight statements.
    """
    days = this_month(today())
    ever, now, before = sum_revenue(), sum_revenue(days), sum_revenue(range_before(days))
    verified = ConnectedAccount.objects.filter(is_current=True).annotate(group=group_of())
    currencies = []
    for currency in list_currencies():
        total = ever.get(currency, NOTHING)
        revenue, earlier = (each.get(currency, NOTHING).platform_fees for each in (now, before))
        currencies.append(
            {
                "currency": currency,
                "total_revenue": total.platform_fees,
                "total_gmv": total.gmv,
                "revenue_this_month": revenue,
                "revenue_last_month": earlier,
                "growth_percent": growth_percent(revenue, earlier),
            }
        )
    return {
        "currencies": currencies,
        "total_organizations": Organization.objects.count(),
        "connected_organizations": verified.filter(group=AccountGroup.CONNECTED).count(),
        "total_tickets_sold": TicketType.objects.aggregate(sold=Sum("sold"))["sold"] or 0,
        "total_events": Event.objects.count(),
    }
