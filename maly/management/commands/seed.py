"""`manage.py seed --scenario demo|empty|busy|edge`."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from maly.seed.busy import ORDERS, make_busy
from maly.seed.door import open_door
from maly.seed.edge import make_edge
from maly.seed.events import make_demo_events, make_event_of_today
from maly.seed.history import make_demo_history
from maly.seed.orders import make_demo_orders
from maly.seed.people import People, make_people
from maly.seed.stripe import Stripe
from ticketing.models import Event

SCENARIOS = {
    "empty": "fee plans only",
    "demo": "the people, events and orders of the demo; at the real Stripe nobody is connected, only free tickets sell",
    "busy": "the demo, and a million orders of many organizations, to measure with; takes minutes",
    "edge": "the demo, and what is unusual: teams in every state of Stripe's, other currencies, long and foreign names",
}


class Command(BaseCommand):
    help = "Fill the database with a scenario, by the product's own services. Safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        what = "; ".join(f"{name}: {words}" for name, words in SCENARIOS.items())
        parser.add_argument("--scenario", choices=SCENARIOS, default="demo", help=what)
        parser.add_argument("--orders", type=int, default=ORDERS, help="How many orders `busy` makes.")

    def handle(self, *args: Any, **options: Any) -> None:
        scenario = options["scenario"]
        if settings.STRIPE_LIVE_MODE:
            raise CommandError(
                "Demo passwords are known to everybody: nothing is seeded beside a live Stripe key."
            )
        if scenario == "empty":
            return  # the migrations have made the plans
        stripe = Stripe(settings.STRIPE_API_BASE) if settings.STRIPE_API_BASE else None
        if stripe is None and scenario != "demo":
            raise CommandError(f"Scenario {scenario} needs the Stripe sandbox: unset STRIPE_SECRET_KEY.")
        people = make_people(stripe)
        events = make_demo_events(people)
        open_door(people, make_event_of_today(people))
        made = self._sell(options, people, events, stripe) if stripe else 0
        if options["verbosity"]:
            self.stdout.write(f"Seeded {scenario}: {Event.objects.count()} events, {made} new orders.")

    def _sell(self, options: dict[str, Any], people: People, events: dict[str, Event], stripe: Stripe) -> int:
        made = make_demo_orders(people, events, stripe) + make_demo_history(people, events, stripe)
        if options["scenario"] == "busy":
            made += make_busy(stripe, orders=options["orders"], tell=self.stdout.write)
        if options["scenario"] == "edge":
            made += make_edge(people, stripe)
        return made
