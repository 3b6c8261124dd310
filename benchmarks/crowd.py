"""What pages, refreshes and purchases cost once there are a million orders."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.load import Client
from benchmarks.measures import Row, measure_purchase_cpu
from benchmarks.processes import cpu_ms
from benchmarks.stand import ROOT, Stand

ROUNDS = 20
MOST_CPU_MS = 50
# Words, who looks, and where.
PAGES = (
    ("organizer's order list", "organizer@example.com", "/dashboard/orders/"),
    ("organizer's order list, filtered", "organizer@example.com", "/dashboard/orders/?status=paid&date=30d"),
    ("staff's transactions", "admin@example.com", "/admin/transactions/"),
    ("staff's transactions, refunded", "admin@example.com", "/admin/transactions/?status=refunded"),
    (
        "staff's transactions, by email",
        "admin@example.com",
        "/admin/transactions/?q=buyer1000.77@example.com",
    ),
    ("staff's overview", "admin@example.com", "/admin/"),
    ("staff's revenue, 30 days", "admin@example.com", "/admin/revenue/"),
    ("staff's organizations", "admin@example.com", "/admin/organizations/"),
    ("Django admin's orders", "admin@example.com", "/staff/ticketing/order/"),
)


def measure_crowd(stand: Stand, orders: int, purchase_cpu_ms: float) -> Iterator[Row]:
    """Fill the database with so many orders and look again; `purchase_cpu_ms` is what a purchase cost before."""
    if not orders:
        return
    seconds = run_command(stand, "seed", "--scenario", "busy", "--orders", str(orders))
    yield Row(f"seed of {orders:,} orders, sealed and verified", f"{seconds / 60:.1f} minutes")
    seconds = run_command(stand, "refresh_revenue")
    yield Row(
        "revenue views refreshed", f"{seconds:.1f} s with the start", goal="≤ 15 s", is_met=seconds <= 15
    )
    seconds = run_command(stand, "verify_ledger")
    yield Row("every invariant over every order", f"{seconds:.0f} s")
    browsers = {email: sign_in(stand, email) for email in {email for _words, email, _path in PAGES}}
    for words, email, path in PAGES:
        spent = page_cpu_ms(stand, browsers[email], path)
        yield Row(f"{words}, CPU per request", f"{spent:.0f} ms", goal="≤ 50 ms", is_met=spent <= MOST_CPU_MS)
    ratio = measure_purchase_cpu(stand, "Benchmark: in the crowd").cpu_ms / purchase_cpu_ms
    yield Row(
        "purchase, CPU against that without the crowd", f"{ratio:.2f} ×", goal="≤ 1.1 ×", is_met=ratio <= 1.1
    )


def run_command(stand: Stand, *words: str) -> float:
    """Run a command of manage.py beside the demo; the seconds that it took."""
    started = time.perf_counter()
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(command, cwd=ROOT, env=stand.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return time.perf_counter() - started


def sign_in(stand: Stand, email: str) -> Client:
    """Somebody's browser."""
    client = Client(stand.url)
    page = client.get("/account/login/").body.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found, "the sign-in page has no token"
    fields = {"csrfmiddlewaretoken": found[1], "login": email, "password": "maly-demo"}
    assert client.post_form("/account/login/", fields, Referer=stand.url).status == 302, email
    return client


def page_cpu_ms(stand: Stand, client: Client, path: str) -> float:
    """The CPU of web server and database for one look at a page, once it is warm."""
    for _look in range(3):
        assert client.get(path).status == 200, path
    before = cpu_ms(stand.pid, ("web", "database"))
    for _look in range(ROUNDS):
        client.get(path)
    return (cpu_ms(stand.pid, ("web", "database")) - before) / ROUNDS
