"""What an event is found by: words that triggers keep, so that whoever changes an event can't forget them."""

from typing import Any

from django.db import models
from django.utils.timezone import now

from ticketing.models.sales import Event


class SearchVectorField(models.Field):  # type: ignore[type-arg]
    """PostgreSQL's tsvector; read by queries only."""

    def db_type(self, connection: Any) -> str:  # noqa: ARG002
        return "tsvector"


class EventListing(models.Model):
    """The words of an event as the search knows them (0010_search): without accents, case and punctuation.

    A table of its own, since an event's row is rewritten with every ticket that is sold.
    """

    event = models.OneToOneField(Event, primary_key=True, on_delete=models.CASCADE, related_name="listing")
    text = models.TextField(help_text="Title, organizer and place.")
    place = models.TextField(help_text="Venue and address.")
    words = SearchVectorField(help_text="Title (A), organizer (B) and place (C).")
    changed_at = models.DateTimeField(
        default=now, help_text="When what visitors read of it last changed; prices and stock apart."
    )

    def __str__(self) -> str:
        return f"Words of {self.event_id}"
