"""`make demo` as a newcomer meets it: it answers, commands run beside it, it stops clean, and says what died."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from maly.embedded import free_port

ROOT = Path(__file__).resolve().parents[2]
# What the test run sets for itself, and a newcomer's shell doesn't have.
# One process for all of it: starting Django takes longer than what it does.
SEED_AND_PROVE = """
from django.core.management import call_command
from payouts.models import OrganizerPayout
from ticketing.models import Order
def states():
    rows = [row for model in (Order, OrganizerPayout) for row in model.objects.values_list("status", "currency")]
    print("states", *(word for row in rows for word in row))
states()
call_command("seed", scenario="edge")
states()
call_command("verify_ledger")
call_command("reconcile")
"""
OURS = ("MALY_", "STRIPE_", "DATABASE_URL", "REDIS_URL", "SITE_URL", "DEBUG", "DJANGO_SETTINGS_MODULE")


class RunningDemo:
    """One `python -m maly.demo` on free ports, with its data in a folder of its own."""

    process: "subprocess.Popen[bytes]"

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        ports = {"PORT": str(self.port), "SANDBOX_PORT": str(free_port())}
        self.environment = {**kept, **ports, "MALY_DATA_DIR": str(folder / "data"), "WEB_WORKERS": "1"}
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = folder / "demo.log"

    def start(self) -> None:
        with self.log.open("wb") as output:
            command = [sys.executable, "-m", "maly.demo"]
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )
        deadline = time.monotonic() + 300
        while "Ctrl-C stops everything" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(self.base + path, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def end(self) -> int:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(40)

    def processes(self) -> list[str]:
        """Command lines that mention this demo's data, or were started with it."""
        mark = str(self.folder).encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    seen = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                    ended = " Z " in (entry / "stat").read_text()
                except OSError:
                    continue
                if mark in seen and not ended:
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    running = RunningDemo(tmp_path_factory.mktemp("demo"))
    try:
        running.start()
        yield running
    finally:
        running.end()


def test_it_answers_and_is_seeded(demo: RunningDemo) -> None:
    assert demo.get("/healthz")[0] == 200
    assert demo.get("/readyz")[0] == 200
    status, body = demo.get("/api/events?page_size=100")
    assert status == 200
    states = {kind["status"] for event in json.loads(body)["results"] for kind in event["ticket_types"]}
    assert {"on_sale", "sold_out", "not_started", "coming_soon", "paused"} <= states
    assert demo.get("/dev/mailbox/")[0] == 200
    door = re.search(r"/door/\w+/", demo.log.read_text())
    assert door
    assert b"Quayside Open Mic" in demo.get(door.group())[1]


def test_a_command_beside_it_uses_its_servers(demo: RunningDemo) -> None:
    done = demo.manage("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert demo.manage("expire_holds").returncode == 0
    proved = demo.manage("shell", "-v0", "-c", SEED_AND_PROVE)
    assert proved.returncode == 0, proved.stdout + proved.stderr
    before, after = (line.split() for line in proved.stdout.splitlines() if line.startswith("states"))
    assert {"paid", "partly_refunded", "refunded", "disputed", "awaiting_payment"} < set(before)
    assert {"cancelled", "expired", "failed"} < set(before)
    assert before.count("paid") >= 20
    assert len(after) == len(before) + 3 * 2, "the demo's own orders are there already"
    assert set(after) == {"eur", "jpy", *before}


def test_it_stops_clean_keeps_its_data_and_says_what_died(demo: RunningDemo) -> None:
    assert demo.end() == 0
    assert demo.processes() == []
    assert demo.manage("doctor").returncode == 1
    demo.start()
    assert json.loads(demo.get("/api/events?page_size=100")[1])["results"]
    worker = next(line for line in demo.processes() if "celery" in line and "worker" in line)
    pid = _pid_of(worker, demo)
    os.kill(pid, signal.SIGKILL)
    assert demo.process.wait(40) == 1
    assert "worker ended with exit status -9" in demo.log.read_text()
    assert demo.processes() == []


def _pid_of(line: str, demo: RunningDemo) -> int:
    """The process whose parent is the demo itself."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if command == line and parent == demo.process.pid:
                return int(entry.name)
    raise AssertionError("no worker")
