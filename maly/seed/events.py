"""The demo's events: one in every state that a visitor or an organizer can meet, one of them tonight."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import Organization, User
from connect.models import FeeAbsorption
from maly.seed.people import People
from ticketing.models import Event
from ticketing.services.events import create_event, pause_event, publish_event
from ticketing.services.ticket_types import create_ticket_type

ZONE = "America/New_York"
POLICY = "Full refund until seven days before. After that, pass your ticket on to a friend."
ACCESS = "Step-free entrance. Accessible toilets. Seats on request."
ROPEWORKS = ("The Old Ropeworks", "14 Quay Street, Baltimore, MD 21230")
CHAPEL = ("Harbour Chapel", "3 Lantern Court, Baltimore, MD 21231")
QUAY = ("West Quay", "Pier 6, Baltimore, MD 21202")
LIGHTSHIP = ("The Lightship", "Pier 3, Baltimore, MD 21202")
CELLAR = ("The Cellar", "88 Fringe Alley, Baltimore, MD 21201")
STUDIO = ("Inkwell Studio", "5 Press Lane, Baltimore, MD 21211")
GARDEN = ("Community Garden", "210 Orchard Street, Baltimore, MD 21217")


@dataclass(frozen=True)
class Type:
    """A ticket type: name, face price in minor units, capacity, and what is unusual about it."""

    name: str
    price_amount: int
    capacity: int
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """An event to be made: `days` from now, at seven in the evening."""

    title: str
    organization: Organization
    actor: User
    days: int
    types: tuple[Type, ...]
    venue: tuple[str, str] = ROPEWORKS
    more: dict[str, Any] = field(default_factory=dict)
    state: str = "published"


def make_demo_events(people: People) -> dict[str, Event]:
    """Make the demo's events that aren't there yet; all of them by title."""
    return {plan.title: make_event(plan) for plan in [*_harbour(people), *_others(people)]}


def make_event_of_today(people: People) -> Event:
    """Tonight's event, for trying the door; every day that the demo is started has its own."""
    today = timezone.now().astimezone(ZoneInfo(ZONE))
    title = f"Quayside Open Mic, {today.day} {today:%B}"
    types = (Type("Free entry", 0, 60), Type("Front row", 1200, 10))
    return make_event(Plan(title, people.harbour_arts, people.organizer, 0, types, LIGHTSHIP))


def _harbour(people: People) -> list[Plan]:
    by = (people.harbour_arts, people.organizer)
    passed = {"fee_absorption": FeeAbsorption.PASS_TO_BUYER}
    absorbed = {"fee_absorption": FeeAbsorption.ABSORB}
    in_nine_days = timezone.now() + timedelta(days=9)
    market = (
        Type("General admission", 2500, 300, {"description": "Entry from 7 pm."}),
        Type("Supper seat", 5000, 24, {"description": "A place at the long table, three plates included."}),
        Type("Early bird", 1500, 3),
        Type("Stallholder's guest", 500, 20, {"is_hidden": True}),
    )
    yesterday = timezone.now() - timedelta(days=1)
    return [
        Plan("Night Market: Opening Night", *by, 20, market, ROPEWORKS, {**passed, **_night_market()}),
        Plan(
            "Candlelight Concert",
            *by,
            34,
            (Type("Seat", 3200, 120), Type("Balcony", 1010, 40)),
            CHAPEL,
            absorbed,
        ),
        Plan("Seed Swap and Soup", *by, 13, (Type("Free entry", 0, 80),), GARDEN),
        Plan(
            "Tideline Films",
            *by,
            27,
            (Type("Deckchair", 1200, 6), Type("First release", 800, 20, {"sales_end": yesterday})),
            QUAY,
            passed,
        ),
        Plan("Regatta Supper", *by, 22, (Type("Supper", 3500, 40),), QUAY, absorbed),
        Plan(
            "Harbour 10K",
            *by,
            62,
            (Type("Runner", 2800, 500, {"sales_start": in_nine_days}),),
            QUAY,
            absorbed,
        ),
        Plan("Autumn Lantern Walk", *by, 2, (Type("Lantern", 900, 60),), GARDEN, passed),
        Plan("Spring Gala", *by, 120, (Type("Table seat", 9500, 80),), ROPEWORKS, {}, "draft"),
    ]


def _others(people: People) -> list[Plan]:
    fringe = (people.fringe_records, people.organizer)
    host = (people.host_organization, people.host)
    newhost = (people.newhost_organization, people.newhost)
    workshop = (Type("Place at the press", 5000, 12), Type("Watch and learn", 1010, 10))
    return [
        Plan("Basement Session No. 9", *fringe, 17, (Type("Standing", 1800, 90),), CELLAR, {}, "paused"),
        Plan("Rooftop Strings", *fringe, 41, (Type("Seat", 2200, 60), Type("Under 16", 0, 20)), CELLAR),
        Plan(
            "Carols by Candlelight",
            people.tidewater_choir,
            people.organizer,
            26,
            (Type("Seat", 1500, 200),),
            CHAPEL,
        ),
        Plan("Letterpress for Beginners", *host, 24, workshop, STUDIO),
        Plan("Wheel Evening: First Bowl", *newhost, 30, (Type("Wheel", 4500, 8),), STUDIO),
    ]


def _night_market() -> dict[str, Any]:
    description = (
        "Six kitchens, two stages and one very long table. **Come hungry.**\n\n"
        "The Ropeworks opens its doors for the first night of the winter series. Food is served from 7 pm until it "
        "runs out; the music starts at 8 and the second stage at a quarter past nine.\n\n"
        "- A supper seat reserves your place at the long table\n- Dogs are welcome on the quay"
    )
    return {"description": description}


def make_event(plan: Plan) -> Event:
    """The event of a plan, made by the product's own services if it isn't there."""
    found = Event.objects.filter(organization=plan.organization, title=plan.title).first()
    if found:
        return found
    starts_at = _evening(plan.days)
    given = {
        "venue_name": plan.venue[0],
        "address": plan.venue[1],
        "timezone": ZONE,
        "accessibility": ACCESS,
        "refund_policy": POLICY,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=4),
    }
    event = create_event(plan.organization, actor=plan.actor, title=plan.title, **{**given, **plan.more})
    for kind in plan.types:
        create_ticket_type(
            event,
            actor=plan.actor,
            name=kind.name,
            price_amount=kind.price_amount,
            capacity=kind.capacity,
            **kind.more,
        )
    if plan.state != "draft":
        publish_event(event, actor=plan.actor)
    if plan.state == "paused":
        pause_event(event, actor=plan.actor)
    return event


def _evening(days: int) -> datetime:
    """Seven in the evening; for today the hour that has begun, where it is later than that already."""
    there = timezone.now().astimezone(ZoneInfo(ZONE))
    hour = max(19, there.hour) if days == 0 else 19
    return (there + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)
