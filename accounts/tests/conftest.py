"""Fixtures of accounts: a signed-in client by role, two real threads at once, the mails that went out."""

import threading
from collections.abc import Callable

import pytest
from django.core import mail
from django.db import connections
from django.test import Client

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory, UserFactory

WhoIs = Callable[[str], User | None]


@pytest.fixture
def who(organization: Organization) -> WhoIs:
    """Somebody by what they are to `organization`: a role's name, `stranger`, `visitor` (nobody signed in)."""

    def find(what: str) -> User | None:
        if what == "visitor":
            return None
        if what == "stranger":
            return MembershipFactory(role=Role.OWNER).user
        return MembershipFactory(organization=organization, role=Role(what)).user

    return find


@pytest.fixture
def signed_in() -> Callable[[User | None], Client]:
    """A browser, signed in as a user or not at all."""

    def make(user: User | None) -> Client:
        client = Client()
        if user:
            client.force_login(user)
        return client

    return make


@pytest.fixture
def person(db: None) -> User:
    """Somebody with an account and no organization."""
    return UserFactory(email="ada@example.com", name="Ada Obi")


@pytest.fixture
def at_once() -> Callable[..., list[object]]:
    """Run calls in as many threads, started together; the answers, or the exceptions raised, in their order."""

    def run(*calls: Callable[[], object]) -> list[object]:
        barrier = threading.Barrier(len(calls))
        answers: list[object] = [None] * len(calls)

        def work(number: int) -> None:
            barrier.wait()
            try:
                answers[number] = calls[number]()
            except Exception as error:  # noqa: BLE001 - the test looks at it
                answers[number] = error
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(len(calls))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    return run


@pytest.fixture
def outbox() -> list[mail.EmailMessage]:
    """The mails that this test sent; pytest-django collects them instead of sending."""
    return mail.outbox
