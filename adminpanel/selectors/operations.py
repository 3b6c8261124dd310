"""The operations page: what runs, what waits, what was given up, and in one sentence each what to do about it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from adminpanel.selectors.operations_books import Books, Database, read_books, read_database
from adminpanel.selectors.operations_inbox import Backlog, Kind, list_kinds, read_backlog
from adminpanel.selectors.operations_outbox import MessageKind, Outbox, list_message_kinds, read_outbox
from adminpanel.selectors.operations_problems import Problem, find_problems
from adminpanel.selectors.operations_sweeps import Processes, read_processes


@dataclass(frozen=True, kw_only=True)
class Operations:
    """Everything that the page shows, as of `now`."""

    now: datetime
    problems: list[Problem]
    processes: Processes
    backlog: Backlog
    kinds: list[Kind]
    outbox: Outbox
    message_kinds: list[MessageKind]
    books: Books
    database: Database


def read_operations() -> Operations:
    """All of it, in seven statements however much there is."""
    processes, backlog, outbox = read_processes(), read_backlog(), read_outbox()
    books, database = read_books(), read_database()
    return Operations(
        now=timezone.now(),
        problems=find_problems(processes, backlog, outbox, books, database),
        processes=processes,
        backlog=backlog,
        kinds=list_kinds(),
        outbox=outbox,
        message_kinds=list_message_kinds(),
        books=books,
        database=database,
    )
