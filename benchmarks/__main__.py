"""`python -m benchmarks [--write] [--orders N]`: measure everything and print a table.

--write puts it into docs/performance.md.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import measures
from benchmarks.crowd import measure_crowd
from benchmarks.measures import Bare, Row
from benchmarks.stand import ROOT, Stand

DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure Maly on this machine.")
    parser.add_argument("--write", action="store_true", help=f"put the table into {DOCUMENT.name}")
    parser.add_argument(
        "--orders", type=int, default=1_000_000, help="How many orders there are for the last rows; 0: none."
    )
    given = parser.parse_args()
    started = time.monotonic()
    stand = Stand()
    try:
        say("Starting the marketplace …")
        stand.start()
        rows = list(measure(stand, given.orders))
    except Exception:
        say(stand.last_words())
        raise
    finally:
        stand.stop()
    text = f"{render(rows)}\n\n{describe(time.monotonic() - started)}"
    say(f"\n{text}")
    if given.write:
        write(text)
    return 0


def measure(stand: Stand, orders: int) -> Iterable[Row]:
    """Every row, from the quiet ones to the rough ones."""
    bare = Bare(stand)
    slug, _type = stand.make_event("Benchmark: statements", capacity=1000)
    stand.wait_until_idle()  # else the events of the seeded orders would be counted too
    statements = measures.count_statements(stand, slug)
    purchase = measures.measure_purchase_cpu(stand, "Benchmark: purchases")
    steps: list[Callable[[], Iterable[Row]]] = [
        lambda: measures.measure_pages(stand, bare, statements["page"]),
        lambda: measures.measure_purchases(purchase, statements["purchase"]),
        lambda: measures.measure_holds(stand, bare),
        lambda: measures.measure_rush(stand),
        lambda: measures.measure_webhooks(stand),
        lambda: measures.measure_memory(stand),
        lambda: measures.measure_start(stand),
        lambda: measures.measure_weight(stand),
        lambda: measure_crowd(stand, orders, purchase.cpu_ms),
    ]
    for step in steps:
        for row in step():
            say(f"  {row.work}: {row.measured}")
            yield row


def render(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    marks = {True: "yes", False: "**no**", None: "–"}
    lines = ["| work | bare Django | goal | measured | met |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.work} | {row.bare} | {row.goal} | {row.measured} | {marks[row.is_met]} |" for row in rows
    ]
    return "\n".join(lines)


def describe(seconds: float) -> str:
    """On what, when and how the figures were made."""
    busy = os.getloadavg()[2]
    return (
        f"`make bench` on {datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores of {cpu_name()}, Python "
        f"{platform.python_version()}; it took {seconds / 60:.1f} minutes, and the machine's load over the last "
        f"fifteen was {busy:.1f}."
    )


def cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def write(text: str) -> None:
    """Replace what stands between the marks of the document."""
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
