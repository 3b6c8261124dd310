"""Factories of events and ticket types. Orders are made by buying."""

from datetime import timedelta

import factory
from django.utils.timezone import now

from accounts.tests.factories import OrganizationFactory
from ticketing.models import Event, TicketType


class EventFactory(factory.django.DjangoModelFactory[Event]):
    """An event on sale, in thirty days."""

    class Meta:
        model = Event

    organization = factory.SubFactory(OrganizationFactory)
    title = factory.Sequence(lambda n: f"Night Market {n}")
    slug = factory.Sequence(lambda n: f"night-market-{n}")
    starts_at = factory.LazyFunction(lambda: now() + timedelta(days=30))
    ends_at = factory.LazyAttribute(lambda event: event.starts_at + timedelta(hours=3))
    timezone = "America/New_York"
    venue_name = "The Old Ropeworks"
    status = Event.Status.PUBLISHED
    published_at = factory.LazyFunction(now)


class TicketTypeFactory(factory.django.DjangoModelFactory[TicketType]):
    """A $50.00 ticket, 100 of them."""

    class Meta:
        model = TicketType

    event = factory.SubFactory(EventFactory)
    name = "General admission"
    price_amount = 5000
    capacity = 100
