"""The two ways to pay for Premium. Stripe finds their prices by lookup key; `manage.py premium_prices` makes them."""

from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class PlanCode(models.TextChoices):
    """Which way somebody pays: the `subscription_type` of a subscription."""

    MONTHLY = "monthly", _("Monthly")
    YEARLY = "yearly", _("Yearly")


@dataclass(frozen=True)
class Plan:
    """A price of Premium: `amount` minor units of `currency` for each `interval`."""

    code: PlanCode
    lookup_key: str
    amount: int
    currency: str
    interval: str
    months: int
    each: str | Promise

    @property
    def product_name(self) -> str:
        """What Stripe's pages call it."""
        return f"{settings.PLATFORM_NAME} Premium {self.code.value.title()}"


MONTHLY = Plan(PlanCode.MONTHLY, "premium_monthly", 2900, "usd", "month", 1, _("month"))
YEARLY = Plan(PlanCode.YEARLY, "premium_yearly", 29000, "usd", "year", 12, _("year"))
PLANS: dict[str, Plan] = {plan.code.value: plan for plan in (MONTHLY, YEARLY)}


def plan_of_interval(interval: str) -> Plan | None:
    """The plan that is paid each `month` or `year`, whatever its price once was; None for another interval."""
    return next((plan for plan in PLANS.values() if plan.interval == interval), None)
