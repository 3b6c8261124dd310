"""CPU and memory of process trees, read from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# The parts of the demo, by what their command lines say; the first match counts.
KINDS = (
    ("sandbox", "stripe_sandbox"),
    ("web", "granian"),
    ("beat", "celery -A maly beat"),
    ("worker", "celery -A maly worker"),
    ("database", "postgres"),
    ("broker", "valkey-server"),
)
SERVER = ("web", "beat", "worker", "database", "broker")


@dataclass(frozen=True)
class Process:
    """One row of /proc."""

    pid: int
    parent: int
    cpu_ticks: int
    command: str


def read_processes() -> dict[int, Process]:
    """Every process that can be read now, by its id. CPU is its own and that of children that have ended."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        pid = int(folder.name)
        found[pid] = Process(pid, int(fields[1]), sum(int(field) for field in fields[11:15]), command)
    return found


def descendants(root: int, processes: dict[int, Process]) -> list[Process]:
    """The process and everything below it."""
    children: dict[int, list[int]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process.pid)
    waiting, found = [root], []
    while waiting:
        pid = waiting.pop()
        if pid in processes:
            found.append(processes[pid])
            waiting += children.get(pid, [])
    return found


def parts_of(root: int) -> dict[str, list[Process]]:
    """The parts of a running demo by their kind, each with everything below it."""
    processes = read_processes()
    parts: dict[str, list[Process]] = {}
    for child in [one for one in processes.values() if one.parent == root]:
        kind = next((kind for kind, mark in KINDS if mark in child.command), "other")
        parts.setdefault(kind, []).extend(descendants(child.pid, processes))
    return parts


def cpu_ms(root: int, kinds: tuple[str, ...] = SERVER) -> float:
    """CPU milliseconds that these parts of a demo have used so far."""
    parts = parts_of(root)
    ticks = sum(process.cpu_ticks for kind in kinds for process in parts.get(kind, []))
    return ticks * 1000 / TICKS_PER_SECOND


def tree_cpu_ms(root: int) -> float:
    """CPU milliseconds that a process and everything below it have used so far."""
    ticks = sum(process.cpu_ticks for process in descendants(root, read_processes()))
    return ticks * 1000 / TICKS_PER_SECOND


def largest_memory_mib(root: int, kind: str) -> float:
    """The resident memory of the largest process of a part."""
    sizes = [resident_kib(process.pid) for process in parts_of(root).get(kind, [])]
    return max(sizes, default=0) / 1024


def resident_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
