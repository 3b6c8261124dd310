"""What the cockpit keeps for itself."""

from django.db import models


class SweepRun(models.Model):
    """The last run of a sweep that beat asks for, or a sign of life of beat itself. A row each, written over."""

    name = models.CharField(
        max_length=60, unique=True, help_text="As in the beat schedule; beat's own is `beat`."
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True, blank=True, help_text="When it last came to its end.")
    error = models.CharField(max_length=100, blank=True, help_text="What ended the last run, by its type.")
    failures = models.PositiveIntegerField(default=0, help_text="How many runs in a row have failed.")

    def __str__(self) -> str:
        return self.name


class RevenueMark(models.Model):
    """How far the revenue views go: a single row, written by each refresh, that their SQL reads (migration 0001)."""

    zone = models.CharField(max_length=60, help_text="The zone of the platform's days.")
    xact_id = models.BigIntegerField(help_text="Every transaction with a smaller number had ended.")
    last_id = models.BigIntegerField(help_text="The last posting that the views hold.")
    restored_id = models.BigIntegerField(
        help_text="The last posting that a restored dump has brought, if any."
    )
    tickets_before = models.DateTimeField(help_text="The views hold tickets of orders completed before.")
    refreshed_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField(help_text="How long the refresh took.")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="revenue_mark_once")]

    def __str__(self) -> str:
        return f"{self.refreshed_at:%Y-%m-%d %H:%M}"
