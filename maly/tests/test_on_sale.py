"""Many at once, over HTTP, against the web server of production: buyers of the last seats, and Stripe's webhooks."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from django.db import connection
from django.db.models import Sum

from maly.embedded import free_port
from maly.tests.server import CHECKOUT, PLATFORM_HOOK, Caller, Site, code_of, deliver_to, sign
from notifications.models import Message
from ticketing.models import Order, OrderLine, Payment, Ticket, TicketType

if TYPE_CHECKING:
    from sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parents[2]
BUYERS, SEATS, DELIVERIES = 200, 20, 50
STARTS_WITHIN_SECONDS = 60


@pytest.fixture
def web(transactional_db: None) -> Iterator[str]:
    """Granian with two processes on this test's database; its address."""
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DATABASE_POOL_SIZE": "8",
        "SITE_URL": f"http://127.0.0.1:{port}",
    }
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    options += ["--workers-kill-timeout", "5"]
    command = [sys.executable, "-m", "granian", *options, "--blocking-threads", "8", "maly.wsgi:application"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def database_url() -> str:
    """The address of the database that this process's tests were given."""
    given = connection.get_connection_params()
    return f"postgresql://{given['user']}@/{given['dbname']}?host={given['host']}&port={given['port']}"


def wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    pause = threading.Event()
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=2).status_code == 200:
                return
        except (requests.ConnectionError, requests.Timeout):
            pause.wait(0.05)
    raise AssertionError(f"{url} doesn't answer.")


@pytest.fixture
def site(web: str, settings: object, sandbox: "Sandbox", settle: Callable[[], None]) -> Site:
    """As the other end-to-end tests know it, but served by the web server of production."""
    settings.SITE_URL = web  # type: ignore[attr-defined]
    sandbox.transport = deliver_to(web)
    return Site(url=web, stripe_url=sandbox.url, settle=settle)


def all_at_once(count: int, act: Callable[[int], requests.Response]) -> list[requests.Response]:
    """Let `count` threads act at the same moment."""
    gate = threading.Barrier(count)

    def run(number: int) -> requests.Response:
        gate.wait(30)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_two_hundred_buyers_of_twenty_seats_get_twenty_seats_and_clear_refusals(
    site: Site, seller: Caller, organization: object
) -> None:
    event = site.make_event(seller, "harbour-arts", types=[{"capacity": SEATS}])
    cart = site.cart(event)

    def buy(number: int) -> requests.Response:
        return site.visitor().post(CHECKOUT, cart | {"email": f"buyer{number}@example.com"})

    answers = all_at_once(BUYERS, buy)
    assert Counter(answer.status_code for answer in answers) == {201: SEATS, 409: BUYERS - SEATS}
    assert {code_of(answer) for answer in answers if answer.status_code == 409} == {"TICKET_SOLD_OUT"}

    for started in [answer.json() for answer in answers if answer.status_code == 201]:
        site.control(f"checkout/{started['session_id']}/pay", {"card": "4242424242424242"})
    site.settle()
    ticket_type = TicketType.objects.get()
    ordered = OrderLine.objects.filter(order__status="paid").aggregate(seats=Sum("quantity"))["seats"]
    assert (ticket_type.held, ticket_type.sold, ordered, Ticket.objects.count()) == (0, SEATS, SEATS, SEATS)
    assert set(Order.objects.values_list("status", flat=True)) == {"paid"}


def test_a_webhook_delivered_fifty_times_at_once_makes_one_order(site: Site, event: str) -> None:
    started = site.check_out(event, 2)
    site.control("delivery", {"mode": "drop"})
    site.control(f"checkout/{started['session_id']}/pay", {"card": "4242424242424242"})
    site.settle()
    completed = site.event_body("checkout.session.completed")

    def deliver(_number: int) -> requests.Response:
        return site.send_webhook(PLATFORM_HOOK, completed, sign(completed, "whsec_test_platform"))

    answers = all_at_once(DELIVERIES, deliver)
    assert {answer.status_code for answer in answers} == {200}
    site.settle()
    assert (site.order(started)["status"], Ticket.objects.count()) == ("paid", 2)
    assert Payment.objects.get().status == "succeeded"
    assert Message.objects.filter(kind="ticket_confirmation").count() == 1


def test_seats_that_are_let_go_at_once_come_back_once(site: Site, event: str) -> None:
    started = site.check_out(event, 3)
    path = f"/payment-cancel?order={started['order']['code']}&key={started['order']['key']}"
    answers = all_at_once(10, lambda _number: site.visitor().get(path))
    assert {answer.status_code for answer in answers} == {200}
    ticket_type = TicketType.objects.get()
    assert (ticket_type.held, ticket_type.sold, Order.objects.get().status) == (0, 0, "cancelled")
