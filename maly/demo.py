"""`make demo`: the whole marketplace as one process tree on 127.0.0.1.

    database, broker → Stripe sandbox → migrate, collect static files, seed → web, worker, beat

SIGINT or SIGTERM stops everything in reverse; when one part dies, its last words are shown and the rest stops too.
"""

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from maly.embedded import RUNTIME, Broker, NotStarted, Postgres, die_with_parent, write_runtime
from notifications.vapid import make_private_key

ROOT = Path(__file__).resolve().parents[1]
LOGINS = (
    ("organizer@example.com", "sells as Harbour Arts"),
    ("host@example.com", "a single host"),
    ("newhost@example.com", "nothing connected yet"),
    ("scanner@example.com", "scans tickets for Harbour Arts"),
    ("attendee@example.com", "buys tickets"),
    ("admin@example.com", "runs the platform"),
)


@dataclass
class Part:
    """One child process and its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


@dataclass
class Demo:
    """The process tree and what it needs to know."""

    data_dir: Path
    port: int
    sandbox_port: int
    environment: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    stops: list[Callable[[], None]] = field(default_factory=list)
    is_stopping: bool = False

    def start(self) -> None:
        """Start everything in order; raises NotStarted with the reason."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        self.environment = {**_keys(self.data_dir), **self._addresses()}
        self._start_servers()
        write_runtime(self.data_dir, self.environment)
        self.stops.append(lambda: (self.data_dir / RUNTIME).unlink(missing_ok=True))
        if "STRIPE_API_BASE" in self.environment:
            self._spawn("sandbox", "manage.py", "stripe_sandbox", "--port", str(self.sandbox_port))
        self._prepare()
        self._spawn("web", "-m", "granian", *_web_options(self.port))
        celery = ("-m", "celery", "-A", "maly")
        self._spawn("worker", *celery, "worker", "--concurrency", "2", "--loglevel", "WARNING")
        self._spawn(
            "beat",
            *celery,
            "beat",
            "--schedule",
            str(self.data_dir / "beat"),
            "--pidfile=",
            "--loglevel",
            "WARNING",
        )

    def watch(self) -> int:
        """Wait until told to stop or until a part dies; returns the exit status."""
        while not self.is_stopping:
            if self.report_the_dead():
                return 1
            time.sleep(0.2)
        return 0

    def report_the_dead(self) -> bool:
        """Say which part has ended, and its last words; False while all are alive."""
        dead = [part for part in self.parts if part.process.poll() is not None]
        for part in dead:
            say(f"{part.name} ended with exit status {part.process.returncode}. Its log is {part.log}:")
            say(_last_lines(part.log))
        return bool(dead)

    def stop(self) -> None:
        """Stop every part, the last started first; twenty seconds each at most."""
        for part in reversed(self.parts):
            part.process.terminate()
        for part in reversed(self.parts):
            try:
                part.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(part.process.pid, signal.SIGKILL)
        for stop in reversed(self.stops):
            stop()

    def _addresses(self) -> dict[str, str]:
        addresses = {
            "MALY_DEMO": "true",
            "MALY_DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "SITE_URL": f"http://127.0.0.1:{self.port}",
        }
        if not os.environ.get("STRIPE_SECRET_KEY"):
            addresses["STRIPE_API_BASE"] = f"http://127.0.0.1:{self.sandbox_port}"
        return addresses

    def _start_servers(self) -> None:
        if not os.environ.get("DATABASE_URL"):
            database = Postgres(self.data_dir / "postgres")
            self.stops.append(database.stop)
            database.start()
            self.environment["DATABASE_URL"] = database.url()
        if not os.environ.get("REDIS_URL"):
            broker = Broker(self.data_dir / "valkey")
            self.stops.append(broker.stop)
            broker.start()
            self.environment["REDIS_URL"] = broker.url

    def _prepare(self) -> None:
        say("Preparing the database, the files and the demo's people …")
        command = [sys.executable, "manage.py", "prepare_demo"]
        if subprocess.run(command, cwd=ROOT, env=self._child_environment()).returncode:
            self.report_the_dead()
            raise NotStarted("The demo could not be prepared; the reason is above.")

    def _child_environment(self) -> dict[str, str]:
        return {**self.environment, **os.environ, "PYTHONUNBUFFERED": "1"}

    def _spawn(self, name: str, *arguments: str) -> None:
        log = self.data_dir / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self._child_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches this process alone, which stops them in order
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        self.parts.append(Part(name, process, log))


def say(text: str) -> None:
    """Print a line for the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _keys(data_dir: Path) -> dict[str, str]:
    """This demo's own secrets, made once: sessions and tickets outlive a restart."""
    path = data_dir / "keys"
    if not path.exists():
        path.touch(mode=0o600)
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "TICKET_SIGNING_KEY": secrets.token_hex(32),
            "STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(16)}",
            "STRIPE_WEBHOOK_SECRET": "whsec_demo_platform",
            "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_demo_connect",
            "VAPID_PRIVATE_KEY": make_private_key(),
        }
        path.write_text("".join(f"{name}={value}\n" for name, value in made.items()))
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def _web_options(port: int) -> list[str]:
    return [
        *("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *(
            "--workers",
            os.environ.get("WEB_WORKERS", "2"),
            "--blocking-threads",
            os.environ.get("WEB_THREADS", "8"),
        ),
        *(
            "--no-ws",
            "--log-level",
            "warning",
            "--backpressure",
            "64",
            "--workers-kill-timeout",
            "10",
            "maly.wsgi:application",
        ),
    ]


def _last_lines(log: Path, count: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


def _greet(demo: Demo) -> None:
    base = demo.environment["SITE_URL"]
    say(f"\nMaly is running at {base}/")
    for email, what in LOGINS:
        say(f"  {email:<24} maly-demo   {what}")
    say(f"  Staff pages   {base}/admin/   (Django admin: {base}/staff/)")
    say(f"  API           {base}/api/docs/\n  Mailbox       {base}/dev/mailbox/")
    door = demo.data_dir / "door"
    if door.exists():
        say(f"  Tonight's door {base}/door/{door.read_text()}/   (no account needed)")
    if sandbox := demo.environment.get("STRIPE_API_BASE"):
        say(f"  Stripe sandbox {sandbox}/_sandbox/   (pay with 4242 4242 4242 4242)")
    say("Ctrl-C stops everything.")


def _wait_for_web(demo: Demo) -> None:
    import urllib.error
    import urllib.request

    for _ in range(300):
        if demo.is_stopping or any(part.process.poll() is not None for part in demo.parts):
            return
        try:
            urllib.request.urlopen(f"{demo.environment['SITE_URL']}/healthz", timeout=2)  # noqa: S310
            _greet(demo)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)


def main() -> int:
    """Run the demo, or forget its data with --reset."""
    parser = argparse.ArgumentParser(description="Run the whole marketplace offline.")
    parser.add_argument("--reset", action="store_true", help="forget the demo's data")
    data_dir = Path(os.environ.get("MALY_DATA_DIR") or ROOT / ".maly").resolve()
    if parser.parse_args().reset:
        return _reset(data_dir)
    demo = Demo(data_dir, int(os.environ.get("PORT") or 8000), int(os.environ.get("SANDBOX_PORT") or 12111))

    def stop(_number: int, _frame: FrameType | None) -> None:
        demo.is_stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        demo.start()
        _wait_for_web(demo)
        return demo.watch()
    except NotStarted as error:
        say(str(error))
        return 1
    finally:
        demo.stop()


def _reset(data_dir: Path) -> int:
    from maly.embedded import read_runtime

    if read_runtime(data_dir):
        say("The demo is running. Stop it first (Ctrl-C), then reset.")
        return 1
    Postgres(data_dir / "postgres").forget()
    shutil.rmtree(data_dir, ignore_errors=True)
    say("The demo begins anew with the next `make demo`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
