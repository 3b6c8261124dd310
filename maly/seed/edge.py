"""What is unusual: an organization in every state of Stripe's, other currencies, long and foreign names."""

from connect.services.accounts import disconnect
from maly.seed.events import QUAY, ROPEWORKS, Plan, Type, make_event
from maly.seed.orders import buy, settle_the_books
from maly.seed.people import People, connect, make_team
from maly.seed.stripe import Stripe

# Name of the team, and how its onboarding ended; None: it was begun and never finished.
TEAMS: dict[str, str | None] = {
    "Half-Way Players": None,
    "Under Review Revue": "under_review",
    "Soon Due Sounds": "eventually_due",
    "Past Due Players": "past_due",
    "No Bank Band": "currently_due",
    "Rejected Records": "rejected",
    "Parted Company": "verified",
}
PARTED = "Parted Company"


def make_edge(people: People, stripe: Stripe) -> int:
    """Make what isn't there yet; returns how many orders are new."""
    for days, (name, outcome) in enumerate(TEAMS.items(), start=31):
        slug = name.lower().replace(" ", "-")
        team = make_team(slug, name, people.organizer, description="In a state of Stripe's.")
        connect(team, people.organizer, stripe, outcome=outcome)
        if name == PARTED:
            disconnect(team, actor=people.organizer, confirm=slug)
        make_event(Plan(f"{name}: The Show", team, people.organizer, days, (Type("Seat", 2000, 50),)))
    made = 0
    for number, plan in enumerate(_unusual(people), start=80):
        made += buy(make_event(plan), ((plan.types[0].name, 2),), number, stripe)
    settle_the_books()
    return made


def _unusual(people: People) -> list[Plan]:
    by = (people.harbour_arts, people.organizer)
    long_title = (
        "The Very Long and Entirely Unabridged Title of an Evening That Could Not Decide What It Would Be"
    )
    long_name = "A ticket type whose name is as long as names are allowed to be"
    return [
        Plan(long_title, *by, 45, (Type(long_name, 2500, 5),)),
        Plan(
            "夜の市場 · ليلة السوق · Nuit d’été",
            *by,
            50,
            (Type("一般 · عام · Général", 1015, 50),),
            QUAY,
            {"currency": "jpy", "fee_absorption": "pass_to_buyer"},
        ),
        Plan(
            "Cheapest Possible",
            *by,
            55,
            (Type("Ticket", 150, 50), Type("Free", 0, 50)),
            ROPEWORKS,
            {"currency": "eur", "fee_absorption": "pass_to_buyer"},
        ),
    ]
