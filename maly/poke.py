"""Waking a worker after a commit. What is due lives in PostgreSQL, so a lost poke only costs a few seconds."""

import logging
from typing import Any

from celery import Task
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def poke(task: Task, *args: Any) -> None:
    """Queue `task` once the open transaction has committed; without a broker the sweep finds the work instead."""
    if settings.POKE_WORKERS:
        transaction.on_commit(lambda: _send(task, args))


def _send(task: Task, args: tuple[Any, ...]) -> None:
    try:
        task.apply_async(args=args, retry=False)
    except OperationalError:
        logger.warning("poke_lost task=%s", task.name)
