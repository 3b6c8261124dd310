"""`manage.py doctor`: is this installation fit to sell tickets, and if not, what is to be done."""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from adminpanel.checks_for_doctor import checks_for_doctor as operations_checks
from connect.checks_for_doctor import checks_for_doctor as stripe_checks
from connect.checks_for_doctor import endpoint_checks, notes_for_doctor
from notifications.checks_for_doctor import checks_for_doctor as mail_checks
from payouts.checks_for_doctor import checks_for_doctor as books_checks
from premium.checks_for_doctor import checks_for_doctor as premium_checks


class Command(BaseCommand):
    help = "Check environment, database, broker, migrations, Stripe keys and webhooks; exit 1 with a fix for each."

    def handle(self, *args: Any, **options: Any) -> None:
        problems = 0
        for name, check in CHECKS.items():
            found = list(check())
            problems += len(found)
            self.stdout.write(f"{'ok    ' if not found else 'FAILED'} {name}")
            for problem in found:
                self.stdout.write(f"       {problem}")
            if found and name in ("database", "migrations"):
                break  # nothing else can be asked
        else:
            for note in notes_for_doctor():
                self.stdout.write(f"note   {note}")
        if problems:
            raise SystemExit(1)


def check_environment() -> Iterator[str]:
    if settings.DEBUG and not settings.MALY_DEMO and settings.STRIPE_LIVE_MODE:
        yield "DEBUG is on with a live Stripe key: set DEBUG=false."
    if len(bytes.fromhex(settings.TICKET_SIGNING_KEY)) < 32:
        yield "TICKET_SIGNING_KEY is short: set 32 random bytes in hex (`openssl rand -hex 32`)."
    if settings.STRIPE_LIVE_MODE and not settings.IS_HTTPS:
        yield "SITE_URL must begin with https:// when the Stripe key is live."


def check_database() -> Iterator[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            version = int(cursor.fetchone()[0])
    except DatabaseError as error:
        yield f"PostgreSQL doesn't answer ({type(error).__name__}): start it, or correct DATABASE_URL. "
        yield "Beside a demo: is `make demo` running with the same MALY_DATA_DIR?"
        return
    if version < 150000:
        yield f"PostgreSQL {version // 10000} is too old: 15 or newer is needed."


def check_migrations() -> Iterator[str]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield f"{len(missing)} migrations are missing: run `python manage.py migrate`."


def check_broker() -> Iterator[str]:
    import redis

    if not settings.REDIS_URL:
        yield "REDIS_URL is not set: mails and webhooks wait for the 5-second polls, and nothing is cached."
        return
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2).ping()
    except redis.RedisError as error:
        yield f"The broker doesn't answer ({type(error).__name__}): start it, or correct REDIS_URL."


CHECKS: dict[str, Callable[[], Iterator[str] | list[str]]] = {
    "environment": check_environment,
    "database": check_database,
    "migrations": check_migrations,
    "broker": check_broker,
    "Stripe": stripe_checks,
    "webhook endpoints": endpoint_checks,
    "mail": mail_checks,
    "books": books_checks,
    "Premium": premium_checks,
    "operations": operations_checks,
}
