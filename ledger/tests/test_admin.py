"""Staff can read every book in the Django admin, and change none."""

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, User
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.tests.conftest import move

pytestmark = pytest.mark.django_db
MODELS = [
    model._meta.model_name
    for model in apps.get_app_config("ledger").get_models()
    if model._meta.model_name != "ledgerentry"
]


@pytest.fixture
def posted(organization: Organization) -> LedgerTransaction:
    return move(
        "tr_1", chart.platform(), chart.organizer(organization), 4550, organization=organization, subject="x"
    )


@pytest.mark.parametrize("model", MODELS)
def test_staff_reads_a_list_and_adds_nothing(
    client: Client, staff: User, posted: LedgerTransaction, model: str
) -> None:
    client.force_login(staff)
    assert client.get(reverse(f"admin:ledger_{model}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:ledger_{model}_add")).status_code == 403


def test_a_transaction_shows_its_debits_and_credits(
    client: Client, staff: User, posted: LedgerTransaction
) -> None:
    client.force_login(staff)
    page = client.get(reverse("admin:ledger_ledgertransaction_change", args=[posted.pk]))
    assert "$45.50" in page.content.decode()
    assert client.post(page.request["PATH_INFO"], {"subject": "y"}).status_code == 403
    assert client.post(page.request["PATH_INFO"] + "delete/", {"post": "yes"}).status_code == 403


def test_a_transaction_is_found_by_stripes_id(client: Client, staff: User, posted: LedgerTransaction) -> None:
    client.force_login(staff)
    address = reverse("admin:ledger_ledgertransaction_changelist")
    assert client.get(address, {"q": "tr_1"}).context["cl"].result_count == 1
    assert client.get(address, {"q": "tr_2"}).context["cl"].result_count == 0


def test_members_do_not_see_the_ledger(client: Client, organizer: User, posted: LedgerTransaction) -> None:
    client.force_login(organizer)
    assert client.get(reverse("admin:ledger_ledgertransaction_changelist")).status_code != 200
