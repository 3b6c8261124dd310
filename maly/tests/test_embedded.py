"""The embedded servers and the demo's runtime file."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from maly.embedded import Broker, NotStarted, Postgres, free_port, read_runtime, write_runtime


def test_the_database_keeps_its_data_over_a_restart(tmp_path: Path) -> None:
    for expected in (0, 1):
        server = Postgres(tmp_path / "pg")
        server.start()
        try:
            with psycopg.connect(server.url()) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
                assert connection.execute("SELECT count(*) FROM kept").fetchone() == (expected,)
                connection.execute("INSERT INTO kept VALUES (1)")
        finally:
            server.stop()
    assert not server.sockets.exists()


def test_the_broker_wants_its_password(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "valkey", port=free_port())
    broker.start()
    try:
        with redis.Redis.from_url(broker.url) as client:
            assert client.ping()
        with redis.Redis(port=broker.port) as anybody, pytest.raises(redis.AuthenticationError):
            anybody.ping()
        arguments = Path(f"/proc/{broker.process.pid}/cmdline").read_bytes().decode()
        assert broker.password not in arguments
    finally:
        broker.stop()


def test_a_server_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    first = Broker(tmp_path / "a")
    first.start()
    second = Broker(tmp_path / "b", port=first.port)
    try:
        with pytest.raises(NotStarted, match=r"valkey\.log"):
            second.start()
    finally:
        second.stop()
        first.stop()


def test_servers_end_when_their_owner_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from maly.embedded import Broker
broker = Broker(Path({str(tmp_path)!r}))
broker.start()
print(broker.process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    pid = int(done.stdout)
    pidfd = os.pidfd_open(pid) if Path(f"/proc/{pid}").exists() else None
    if pidfd is not None:
        assert select.select([pidfd], [], [], 10)[0], "the broker outlived its owner"


def test_the_runtime_file_counts_only_while_its_demo_runs(tmp_path: Path) -> None:
    assert read_runtime(tmp_path) == {}
    write_runtime(tmp_path, {"REDIS_URL": "redis://x"})
    assert read_runtime(tmp_path) == {"REDIS_URL": "redis://x"}
    file = tmp_path / "runtime.json"
    assert file.stat().st_mode & 0o077 == 0
    file.write_text(json.dumps({"pid": 2**22 + 1, "environment": {"REDIS_URL": "redis://x"}}))
    assert read_runtime(tmp_path) == {}
