"""`manage.py stripe_sandbox` as a process: it serves, keeps its journal, and stops when told."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]


def start(journal: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "manage.py", "stripe_sandbox", "--port", "0", "--journal", str(journal)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    journals = {number: tmp_path / f"{number.name}.jsonl" for number in (signal.SIGTERM, signal.SIGINT)}
    processes = {number: start(journal) for number, journal in journals.items()}
    try:
        for number, process in processes.items():
            customer = use(process)
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
            assert customer in journals[number].read_text()
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()


def use(process: "subprocess.Popen[str]") -> str:
    """Make a customer by the API that a process serves; no web server is there, which must not matter."""
    assert process.stdout is not None
    home = process.stdout.readline().split()[-1]
    assert requests.get(home, timeout=5).status_code == 200
    url = f"{home.removesuffix('/_sandbox/')}/v1/customers"
    answer = requests.post(url, data={"email": "a@example.com"}, auth=("sk_test_command", ""), timeout=5)
    assert answer.status_code == 200
    return str(answer.json()["id"])
