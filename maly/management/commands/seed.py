"""`manage.py seed --scenario demo|empty|busy|edge`."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from maly.seed.events import make_demo_events, make_edge_events
from maly.seed.orders import make_busy_orders, make_demo_orders
from maly.seed.people import make_people
from maly.seed.stripe import Stripe

SCENARIOS = {
    "empty": "fee plans only",
    "demo": "the people, events and orders of the demo",
    "busy": "the demo, and three hundred more orders",
    "edge": "the demo, and what is unusual: other currencies, long and foreign names, the cheapest ticket",
}


class Command(BaseCommand):
    help = "Fill the database with a scenario, by the product's own services. Safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        what = "; ".join(f"{name}: {words}" for name, words in SCENARIOS.items())
        parser.add_argument("--scenario", choices=SCENARIOS, default="demo", help=what)

    def handle(self, *args: Any, scenario: str, **options: Any) -> None:
        if settings.STRIPE_LIVE_MODE:
            raise CommandError(
                "Demo passwords are known to everybody: nothing is seeded beside a live Stripe key."
            )
        if scenario == "empty":
            return  # the migrations have made the plans
        stripe = Stripe(settings.STRIPE_API_BASE)
        people = make_people(stripe)
        events = make_demo_events(people)
        made = make_demo_orders(people, events, stripe)
        if scenario == "busy":
            made += make_busy_orders(events, stripe)
        if scenario == "edge":
            make_edge_events(people)
        if options["verbosity"]:
            self.stdout.write(f"Seeded {scenario}: {len(events)} events, {made} new orders.")
