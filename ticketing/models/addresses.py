"""The addresses that events have had."""

from django.db import models
from django.utils.timezone import now

from ticketing.models.sales import Event


class FormerAddress(models.Model):
    """A web address that an event was once known by: it still leads there, and no other event takes it."""

    slug = models.SlugField(unique=True, max_length=80)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="former_addresses")
    created_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "former addresses"

    def __str__(self) -> str:
        return self.slug
