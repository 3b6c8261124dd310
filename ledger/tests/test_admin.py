"""Staff read the books in the Django admin."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, User
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.tests.conftest import move

pytestmark = pytest.mark.django_db


@pytest.fixture
def posted(organization: Organization) -> LedgerTransaction:
    return move(
        "tr_1", chart.platform(), chart.organizer(organization), 4550, organization=organization, subject="x"
    )


def test_a_transaction_shows_its_debits_and_credits(
    client: Client, staff: User, posted: LedgerTransaction
) -> None:
    client.force_login(staff)
    page = client.get(reverse("admin:ledger_ledgertransaction_change", args=[posted.pk]))
    assert "$45.50" in page.content.decode()
    assert client.post(page.request["PATH_INFO"], {"subject": "y"}).status_code == 403


def test_a_transaction_is_found_by_stripes_id(client: Client, staff: User, posted: LedgerTransaction) -> None:
    client.force_login(staff)
    address = reverse("admin:ledger_ledgertransaction_changelist")
    assert client.get(address, {"q": "tr_1"}).context["cl"].result_count == 1
    assert client.get(address, {"q": "tr_2"}).context["cl"].result_count == 0


def test_members_do_not_see_the_ledger(client: Client, organizer: User, posted: LedgerTransaction) -> None:
    client.force_login(organizer)
    assert client.get(reverse("admin:ledger_ledgertransaction_changelist")).status_code != 200
