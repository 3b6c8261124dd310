"""The journal on disk: one JSON line per committed change, replayed at the next start."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

# A change of one row: table, id, value (None: removed) and the account it belongs to.
Change = tuple[str, str, Any, str]


class JournalInUse(Exception):
    """Raised when another sandbox has the journal open; two would overwrite each other's state."""


class Journal:
    """Appends changes to a file; a line that a crash cut short is left out when the file is read again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: Any = None
        self._lock: Any = path.with_suffix(".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise JournalInUse(
                f"Another sandbox is using {path}. Stop it first, or name another file."
            ) from None

    def read(self) -> Iterator[Change]:
        """Yield every change of the file, oldest first."""
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                try:
                    changes = json.loads(line)
                except json.JSONDecodeError:
                    # Only the last line can be torn: the process died while writing it, so it never counted.
                    return
                yield from (tuple(change) for change in changes)

    def rewrite(self, changes: Iterable[Change]) -> None:
        """Replace the file by the given state, so that it doesn't grow with every restart."""
        self._close_file()
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            for change in changes:
                file.write(json.dumps([change], separators=(",", ":")) + "\n")
        os.replace(fresh, self.path)

    def append(self, changes: list[Change]) -> None:
        """Write one transaction's changes as one line and hand it to the operating system."""
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8")
        self._file.write(json.dumps(changes, separators=(",", ":")) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file and let another sandbox have it."""
        self._close_file()
        self._lock.close()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
