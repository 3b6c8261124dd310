"""Every object of the sandbox by kind and id, under one lock, with an optional journal."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.ids import kind_of
from sandbox.journal import Change, Journal

StripeObject = dict[str, Any]


class State:
    """Tables of JSON values. `owner` is the connected account whose object it is, '' for the platform's.

    Tables whose name begins with an underscore are the sandbox's own bookkeeping; the others hold objects as
    the API answers them. Values are changed in place under the lock and then saved.
    """

    def __init__(self, journal: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._tables: dict[str, dict[str, Any]] = {}
        self._owners: dict[str, str] = {}
        self._depth = 0
        self._changed: dict[tuple[str, str], None] = {}
        self._on_commit: list[Callable[[], None]] = []
        self._journal = Journal(journal) if journal else None
        if self._journal:
            for table, key, value, owner in self._journal.read():
                self._replay(table, key, value, owner)
            self._journal.rewrite(self._all())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock; at the end of the outermost block write what changed to the journal."""
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._commit()

    def on_commit(self, call: Callable[[], None]) -> None:
        """Run `call` when the outermost transaction has ended, still under the lock."""
        self._on_commit.append(call)

    def put(self, table: str, key: str, value: Any, *, owner: str | None = None) -> None:
        """Store a value under a key; `owner` is kept from before if it isn't given."""
        with self.transaction():
            self._tables.setdefault(table, {})[key] = value
            if owner is not None:
                self._owners[key] = owner
            self._changed[table, key] = None

    def save(self, obj: StripeObject, *, owner: str | None = None) -> StripeObject:
        """Store an API object in the table that its `object` names, and return it."""
        self.put(obj["object"], obj["id"], obj, owner=owner)
        return obj

    def remove(self, table: str, key: str) -> None:
        """Forget a value."""
        with self.transaction():
            self._tables.get(table, {}).pop(key, None)
            self._changed[table, key] = None

    def get(self, table: str, key: str) -> Any:
        """Return a value, or None."""
        return self._tables.get(table, {}).get(key)

    def owner_of(self, key: str) -> str:
        """Return the connected account that an object belongs to; '' is the platform."""
        return self._owners.get(key, "")

    def look_up(self, identifier: str) -> StripeObject | None:
        """Return the object that an identifier names, whatever its kind, or None."""
        kind = kind_of(identifier)
        return self.get(kind, identifier) if kind else None

    def values(self, table: str) -> list[Any]:
        """Return a table's values, oldest first."""
        return list(self._tables.get(table, {}).values())

    def newest_first(self, table: str, owner: str = "") -> Iterator[StripeObject]:
        """Yield one account's objects of a kind, newest first."""
        for key in reversed(self._tables.get(table, {})):
            if self._owners.get(key, "") == owner:
                yield self._tables[table][key]

    def clear(self) -> None:
        """Forget everything, in memory and on disk."""
        with self.lock:
            self._tables.clear()
            self._owners.clear()
            self._changed.clear()
            if self._journal:
                self._journal.rewrite(())

    def close(self) -> None:
        """Close the journal."""
        with self.lock:
            if self._journal:
                self._journal.close()

    def _commit(self) -> None:
        if self._changed and self._journal:
            self._journal.append([self._change(table, key) for table, key in self._changed])
        self._changed.clear()
        calls, self._on_commit = self._on_commit, []
        for call in calls:
            call()

    def _change(self, table: str, key: str) -> Change:
        return table, key, self.get(table, key), self.owner_of(key)

    def _replay(self, table: str, key: str, value: Any, owner: str) -> None:
        rows = self._tables.setdefault(table, {})
        if value is None:
            rows.pop(key, None)
            return
        rows[key] = value
        if owner:
            self._owners[key] = owner

    def _all(self) -> Iterator[Change]:
        for table, rows in self._tables.items():
            for key in rows:
                yield self._change(table, key)
