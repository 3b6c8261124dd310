"""Fixtures for every app's tests: the database, the Stripe sandbox, and the people."""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client
from django.test.testcases import TransactionTestCase
from django.urls import reverse

from accounts.models import Organization, Role, User
from accounts.tests.factories import PASSWORD, MembershipFactory, OrganizationFactory, UserFactory
from maly.tests.books import audit_books
from sandbox.tests.judge import Judge

if TYPE_CHECKING:
    from notifications.tests.push_service import PushService
    from sandbox.server import Sandbox

# Rows that migrations make; a test that commits leaves them in place.
SEEDED = (
    "connect_feeplan",
    "connect_feeterms",
    "django_content_type",
    "auth_permission",
    "django_migrations",
)


# --- database


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """A database of this worker's own, copied from the migrated one."""
    name = f"test_{os.getpid()}"
    source = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        parameters = connection.get_connection_params() | {"dbname": "postgres"}
        keep = ("host", "port", "user", "dbname")
        with psycopg.connect(**{k: parameters[k] for k in keep if k in parameters}, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY')
        connection.close()
        connection.settings_dict["NAME"] = name
        TransactionTestCase._fixture_teardown = lambda _self: empty_tables()  # type: ignore[method-assign]
        yield
        connections.close_all()


def empty_tables() -> None:
    """Delete what a committing test left. As a replica, so that append-only triggers and foreign keys stay quiet."""
    with connection.cursor() as cursor:
        tables = [t for t in connection.introspection.table_names(cursor) if t not in SEEDED]
        deletes = "".join(f'DELETE FROM "{table}";' for table in tables)
        cursor.execute(
            f"SET session_replication_role = replica; {deletes} SET session_replication_role = origin;"
        )
        cursor.execute("DELETE FROM connect_feeterms WHERE reason <> 'Shipped with Maly'")


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Any:
    """Look at the books of every test that has passed, while its fixtures are still there."""
    result = yield
    audit_books(pyfuncitem)
    return result


# --- Stripe


@pytest.fixture(scope="session")
def _stripe() -> Iterator["Sandbox"]:
    from sandbox.server import Sandbox

    base = "http://testserver/api/webhooks/stripe"
    endpoints = [(base, "whsec_test_platform", False), (f"{base}/connect", "whsec_test_connect", True)]
    server = Sandbox(journal=None, endpoints=endpoints, automatic=False)
    server.start(port=int(os.environ["STRIPE_API_BASE"].rpartition(":")[2]))
    yield server
    server.stop()


_judge = Judge()  # remembers how far it has read


@pytest.fixture
def sandbox(_stripe: "Sandbox") -> Iterator["Sandbox"]:
    """Stripe, empty: `sandbox.pump()` does its asynchronous work and delivers every event to this process.

    Afterwards Stripe's own OpenAPI document judges every request that was sent and every object that came back.
    """
    _stripe.reset()
    _stripe.automatic = False
    _stripe.transport = post_webhook
    yield _stripe
    complaints = _judge.complaints(_stripe)
    _stripe.reset()
    assert complaints == []


def post_webhook(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Deliver a webhook to the product through Django's test client."""
    path = "/" + url.split("/", 3)[3]
    given = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return Client(headers=given).post(path, body, content_type="application/json").status_code


@pytest.fixture
def settle(sandbox: "Sandbox") -> Callable[[], None]:
    """Let everything happen that would happen by itself: Stripe's work, its events, our worker and our mails."""
    from connect.tasks import process_due_events
    from notifications.tasks import send_due_messages

    def run() -> None:
        for _round in range(10):
            delivered = sandbox.pump()
            process_due_events()
            send_due_messages()
            if not delivered:
                return
        raise AssertionError("Stripe's events never come to an end.")

    return run


# --- people


@pytest.fixture
def organization(db: None) -> Organization:
    """A team, not connected to Stripe."""
    return OrganizationFactory(name="Harbour Arts", slug="harbour-arts")


@pytest.fixture
def organizer(organization: Organization) -> User:
    """OWNER of `organization`."""
    return MembershipFactory(
        organization=organization, role=Role.OWNER, user__email="organizer@example.com"
    ).user


@pytest.fixture
def manager(organization: Organization) -> User:
    return MembershipFactory(
        organization=organization, role=Role.MANAGER, user__email="manager@example.com"
    ).user


@pytest.fixture
def scanner(organization: Organization) -> User:
    return MembershipFactory(
        organization=organization, role=Role.SCANNER, user__email="scanner@example.com"
    ).user


@pytest.fixture
def stranger(db: None) -> User:
    """Signed in, OWNER of another organization."""
    return MembershipFactory(role=Role.OWNER, user__email="stranger@example.com").user


@pytest.fixture
def buyer(db: None) -> User:
    """Signed in, member of nothing."""
    return UserFactory(email="buyer@example.com", name="Ada Obi")


@pytest.fixture
def staff(db: None) -> User:
    """Platform admin and superuser."""
    return UserFactory(email="admin@example.com", is_platform_admin=True, is_staff=True, is_superuser=True)


@pytest.fixture
def desk(staff: User) -> Client:
    """Staff at the Django admin, who have just given their password once more."""
    client = Client()
    client.force_login(staff)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def look_up(desk: Client) -> Callable[[Any], str]:
    """Find a row of the Django admin by its id in its list, and read its page."""

    def run(row: Any) -> str:
        address = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        found = desk.get(reverse(f"{address}_changelist"), {"q": row.id}).context["cl"].result_list
        assert list(found) == [row]
        page = desk.get(reverse(f"{address}_change", args=[row.pk]))
        assert page.status_code == 200
        return page.content.decode()

    return run


@pytest.fixture
def act(desk: Client) -> Callable[..., str]:
    """Do an action of the Django admin: look at what it asks, answer it, and read the page after that."""

    def run(name: str, *rows: Any, **given: Any) -> str:
        opts = rows[0]._meta
        address = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        chosen = {"action": name, "_selected_action": [row.pk for row in rows]}
        asked = desk.post(address, chosen)
        assert asked.status_code == 200, asked
        answer = {**chosen, "nonce": asked.context["nonce"], "reason": "Because", **given}
        return asked.content.decode() + desk.post(address, answer, follow=True).content.decode()

    return run


@pytest.fixture
def connected_organization(organization: Organization, organizer: User, sandbox: "Sandbox") -> Organization:
    """`organization`, whose Stripe account can sell."""
    return connect_to_stripe(organization, organizer, sandbox)


def connect_to_stripe(organization: Organization, owner: User, sandbox: "Sandbox") -> Organization:
    """Onboard an organization as its owner would, on the sandbox."""
    from connect.services.accounts import start_onboarding, sync_account
    from notifications.models import Message

    account, _link = start_onboarding(organization, actor=owner)
    assert account.stripe_account_id
    status, _body = sandbox.control(
        "POST", f"/_sandbox/accounts/{account.stripe_account_id}", {"complete": True}
    )
    assert status == 200
    sync_account(account.stripe_account_id, actor_kind="sweep")
    Message.objects.filter(kind="stripe_connected").delete()  # old news, like the rest of the set-up
    return organization


@pytest.fixture
def api() -> Callable[..., Client]:
    """A client of the JSON API, signed in as `user` if one is given."""

    def client(user: User | None = None) -> Client:
        client = Client(headers={"accept": "application/json"})
        if user:
            client.force_login(user)
        return client

    return client


# --- browsers that asked to be told


@pytest.fixture
def push_service(settings: Any) -> Iterator["PushService"]:
    """A browser's push service on this machine, the only one that is known."""
    from notifications.tests.push_service import PushService
    from notifications.vapid import make_private_key

    running = PushService()
    settings.VAPID_PRIVATE_KEY = make_private_key()
    settings.PUSH_SERVICES = [running.origin]
    yield running
    running.close()
