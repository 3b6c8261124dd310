"""`manage.py premium_prices`: make Premium's products and prices at Stripe, whatever of them is missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connect import gateway
from connect.errors import GatewayError
from maly.money import format_amount
from premium.plans import PLANS
from premium.services.prices import create_prices


class Command(BaseCommand):
    help = "Make the products and prices of Premium at Stripe. Safe to run again; what is there stays."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            with gateway.patiently():
                prices = create_prices()
        except GatewayError as error:
            raise CommandError(
                f"Stripe can't be asked ({type(error).__name__}: {error}). Try again."
            ) from error
        for code, price in prices.items():
            plan = PLANS[code]
            amount = format_amount(plan.amount, plan.currency)
            self.stdout.write(f"{plan.product_name}: {amount} each {plan.interval}, {price.id}")
