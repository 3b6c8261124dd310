"""A pytest plugin, loaded before Django's settings: a throwaway PostgreSQL for the run and its environment.

The migrated cluster is kept under `.cache/`, named by a hash of every migration, and copied for each run; each xdist
worker then gets its own database as a copy of the migrated one.
"""

import atexit
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from maly.embedded import Postgres, free_port

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
TEMPLATE = "maly"


def _fingerprint() -> str:
    files = [ROOT / "requirements.txt", ROOT / "maly/embedded.py", *sorted(ROOT.glob("*/*migrations/*.py"))]
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _migrated_cluster() -> Path:
    """A stopped cluster whose database `maly` is migrated; made once for each set of migrations."""
    CACHE.mkdir(exist_ok=True)
    ready = CACHE / f"cluster-{_fingerprint()}"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            for old in CACHE.glob("cluster-*"):
                shutil.rmtree(old)
            building = CACHE / f"building-{os.getpid()}"
            server = Postgres(building, is_throwaway=True)
            server.start()
            try:
                _migrate(server)
            finally:
                server.stop()
            building.rename(ready)
    return ready


def _migrate(server: Postgres) -> None:
    environment = {**os.environ, "DATABASE_URL": server.url(TEMPLATE)}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def _start_server() -> str:
    state = Path(tempfile.mkdtemp(prefix="maly-test-"))
    server = Postgres(state, is_throwaway=True)
    if server.is_movable:
        shutil.copytree(_migrated_cluster(), state, dirs_exist_ok=True)
    owner = os.getpid()

    def stop() -> None:
        if os.getpid() == owner:  # not in a forked child
            server.stop()
            server.forget()
            shutil.rmtree(state, ignore_errors=True)

    atexit.register(stop)
    server.start()
    if not server.is_movable:
        _migrate(server)
    return server.url(TEMPLATE)


os.environ.update(
    {
        "DJANGO_SETTINGS_MODULE": "maly.settings",
        "MALY_TESTING": "true",
        "MALY_DATA_DIR": tempfile.mkdtemp(prefix="maly-test-data-"),
        "DEBUG": "false",
        "SITE_URL": "http://testserver",
        "REDIS_URL": "",
        "STRIPE_SECRET_KEY": "sk_test_maly0000000000000000000000",
        "STRIPE_API_BASE": f"http://127.0.0.1:{free_port()}",
        "STRIPE_WEBHOOK_SECRET": "whsec_test_platform",
        "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_test_connect",
        "STRIPE_TIMEOUT_SECONDS": "2",
    }
)
Path(os.environ["MALY_DATA_DIR"], "static").mkdir()  # where WhiteNoise looks
atexit.register(shutil.rmtree, os.environ["MALY_DATA_DIR"], ignore_errors=True)
if "MALY_TEST_DATABASE_URL" not in os.environ:  # the run's first process; xdist's workers inherit it
    os.environ["MALY_TEST_DATABASE_URL"] = os.environ["DATABASE_URL"] = _start_server()
else:
    os.environ["DATABASE_URL"] = os.environ["MALY_TEST_DATABASE_URL"]

if (
    __name__ == "__main__"
):  # `python -m maly.tests.environment makemigrations --check`: a command on the test database
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])
