"""What happens by itself: Stripe delivers, workers work the inbox and the outbox off, the beat runs every sweep."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from celery.schedules import schedule
from django.test import Client

from connect.models import StripeEvent
from maly.celery import app
from maly.tests.simulation.clock import VirtualClock
from maly.tests.simulation.trouble import Killed
from notifications.models import Message
from payouts.models import PayoutRequest
from sandbox.server import Sandbox
from ticketing.models import ApplicationFeeRefund, CancelledOrder, Order, Payment, Refund, TransferReversal

WAITING: list[tuple[Any, dict[str, str]]] = [
    (StripeEvent, {"status": "received"}),
    (Message, {"state": "queued"}),
    (Order, {"status": "awaiting_payment"}),
    (Payment, {"status": "requested"}),
    (Refund, {"status": "requested"}),
    (ApplicationFeeRefund, {"status": "requested"}),
    (TransferReversal, {"status": "requested"}),
    (PayoutRequest, {"status": "requested"}),
    (CancelledOrder, {"state": "waiting"}),
]
DAY = timedelta(days=1)
ROUND = timedelta(minutes=20)
MOST_ROUNDS = 80


class Work:
    """The platform's processes, which run only when they are told to."""

    def __init__(self, sandbox: Sandbox, clock: VirtualClock) -> None:
        self._sandbox, self._clock = sandbox, clock
        self._ran: dict[str, timedelta] = {}
        app.loader.import_default_modules()
        sandbox.transport = deliver

    def deliver(self) -> int:
        """Let Stripe do its own work and send every event that it doesn't hold back."""
        return self._sandbox.pump()

    def process(self) -> None:
        """Wake the workers, as a webhook does."""
        self._run("connect.tasks.process_due_events")
        self._run("notifications.tasks.send_due_messages")

    def sweep(self) -> None:
        """Run every task of the beat whose time has come."""
        for entry in app.conf.beat_schedule.values():
            last = self._ran.get(entry["task"])
            if last is None or self._clock.elapsed - last >= period_of(entry["schedule"]):
                self._run(entry["task"])

    def settle(self) -> None:
        """Let everything happen that happens within seconds."""
        while self.deliver():
            self.process()
        self.process()

    def come_to_rest(self) -> None:
        """Let hours pass, with every sweep, until nothing is left to be done."""
        for _ in range(MOST_ROUNDS):
            self._clock.pass_time(ROUND)
            self.settle()
            self.sweep()
            self.settle()
            if not has_work():
                return
        raise AssertionError(f"Something never comes to an end: {list(unfinished())}")

    def _run(self, task: str) -> None:
        self._ran[task] = self._clock.elapsed
        app.tasks[task]()


def period_of(when: Any) -> timedelta:
    """How often the beat runs a task; what runs at an hour of the day runs daily."""
    if isinstance(when, int | float):
        return timedelta(seconds=when)
    return when.run_every if type(when) is schedule else DAY


def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Deliver a webhook to the product; a process that dies over it never answers."""
    given = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    path = "/" + url.split("/", 3)[3]
    try:
        return Client(headers=given).post(path, body, content_type="application/json").status_code
    except Killed:
        raise ConnectionResetError from None


def has_work() -> bool:
    return any(True for _ in unfinished())


def unfinished() -> Iterator[str]:
    """Everything that waits for an answer, a buyer or a worker."""
    for model, waiting in WAITING:
        for row in model.objects.filter(**waiting):
            yield f"{model.__name__} {row.pk}: {row}"
