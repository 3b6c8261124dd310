"""The test stand: the demo's process tree in a temporary folder, and the bare reference beside it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.load import Client
from maly.embedded import free_port

ROOT = Path(__file__).resolve().parents[1]
STARTS_WITHIN_SECONDS = 180
THREADS = "8"
WORKERS = "2"


class Stand:
    """The running demo: its addresses, its environment, and a member's client."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="maly-bench-"))
        self.port, sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.stripe_url = f"http://127.0.0.1:{sandbox_port}"
        own = {
            "PORT": str(self.port),
            "SANDBOX_PORT": str(sandbox_port),
            "MALY_DATA_DIR": str(self.folder),
            "WEB_WORKERS": WORKERS,
            "WEB_THREADS": THREADS,
        }
        inherited = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
        self.environment = {name: os.environ[name] for name in inherited if name in os.environ} | own
        self.demo: subprocess.Popen[bytes] | None = None
        self.others: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start everything and wait until the web server answers."""
        with (self.folder / "demo.log").open("wb") as log:
            self.demo = subprocess.Popen(
                [sys.executable, "-m", "maly.demo"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        wait_for(f"{self.url}/healthz", self.demo)
        self.environment |= json.loads((self.folder / "runtime.json").read_text())["environment"]

    def stop(self) -> None:
        """Stop everything and forget its data."""
        for process in [*self.others, self.demo]:
            if process:
                end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def last_words(self) -> str:
        """The end of the demo's own log, for when something went wrong."""
        return "\n".join((self.folder / "demo.log").read_text(errors="replace").splitlines()[-20:])

    @property
    def pid(self) -> int:
        assert self.demo
        return self.demo.pid

    def serve(self, application: str, **environment: str) -> tuple[str, subprocess.Popen[bytes]]:
        """Serve another WSGI application as the demo serves its own; its address and its process."""
        port = free_port()
        options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
        command = [sys.executable, "-m", "granian", *options, "--log-level", "warning"]
        command += [
            "--workers",
            WORKERS,
            "--blocking-threads",
            THREADS,
            "--workers-kill-timeout",
            "5",
            application,
        ]
        with (self.folder / "served.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**self.environment, **environment}, stdout=log, stderr=log
            )
        self.others.append(process)
        return f"http://127.0.0.1:{port}", process

    # --- its data

    def connect(self, database: str = "") -> psycopg.Connection[Any]:
        """A connection to the demo's database server."""
        return psycopg.connect(self.database_url(database), autocommit=True)

    def database_url(self, database: str = "") -> str:
        """The address of one of its databases, the product's own by default."""
        url = self.environment["DATABASE_URL"]
        return url.replace("@/maly?", f"@/{database}?") if database else url

    def count(self, query: str) -> int:
        with self.connect() as connection:
            row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def member(self) -> Client:
        """Harbour Arts' owner."""
        client = Client(self.url)
        answer = client.post_json(
            "/api/auth/token", {"email": "organizer@example.com", "password": "maly-demo"}
        )
        client.headers["Authorization"] = f"Token {answer.json()['token']}"
        return client

    def make_event(self, title: str, *, capacity: int, price_amount: int = 5000) -> tuple[str, str]:
        """An event on sale with one ticket type; the slug and the type's id."""
        member = self.member()
        starts_at = datetime.now(UTC) + timedelta(days=60)
        fields = {
            "title": title,
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + timedelta(hours=3)).isoformat(),
            "timezone": "America/New_York",
        }
        slug = member.post_json("/api/organizations/harbour-arts/events", fields).json()["slug"]
        ticket = {"name": "General admission", "price_amount": price_amount, "capacity": capacity}
        made = member.post_json(f"/api/events/{slug}/ticket-types", ticket).json()
        member.post_json(f"/api/events/{slug}/publish", {})
        member.close()
        return slug, made["id"]

    def control(self, path: str, body: Any = None) -> Any:
        """Make a control call of the sandbox."""
        client = Client(self.stripe_url)
        answer = client.post_json(f"/_sandbox/{path}", body or {})
        client.close()
        assert answer.status == 200, answer.body
        return answer.json()

    def wait_until_idle(self, seconds: float = 60) -> None:
        """Wait until no event of Stripe's and no mail is due any more."""
        due = (
            "SELECT (SELECT count(*) FROM connect_stripeevent WHERE status = 'received')"
            " + (SELECT count(*) FROM notifications_message WHERE state = 'queued')"
        )
        deadline = time.monotonic() + seconds
        while self.count(due) and time.monotonic() < deadline:
            time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a process; one that doesn't is killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> float:
    """Wait until an address answers; how many seconds that took. RuntimeError when it doesn't."""
    started = time.perf_counter()
    while time.perf_counter() - started < STARTS_WITHIN_SECONDS:
        if process.poll() is not None:
            raise RuntimeError(f"{url}: its process ended with {process.returncode}.")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return time.perf_counter() - started
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{url} answers {error.code}.") from error
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise RuntimeError(f"{url} doesn't answer.")
