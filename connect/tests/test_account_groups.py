"""Groups of accounts in SQL are the states of the model in Python."""

from itertools import product
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.tests.factories import OrganizationFactory
from connect.account_groups import GROUPS, group_of
from connect.models import AccountState, ConnectedAccount

LISTS = (
    {},
    {"currently_due": ["x"]},
    {"past_due": ["x"], "currently_due": []},
    {"pending_verification": ["x"]},
)
REASONS = (
    None,
    "",
    "under_review",
    "requirements.pending_verification",
    "rejected.fraud",
    "requirements.past_due",
)


def requirements() -> list[dict[str, Any]]:
    both = {"pending_verification": ["x"], "currently_due": ["y"]}
    found = [{**lists, "disabled_reason": reason} for lists, reason in product((*LISTS, both), REASONS)]
    return [{}, *found]


@pytest.mark.django_db
def test_every_account_is_in_the_group_of_its_state() -> None:
    organization = OrganizationFactory()
    switches = product((True, False), (True, False), ("active", "pending"), requirements())
    kinds: list[dict[str, Any]] = [
        {
            "details_submitted": submitted,
            "charges_enabled": charges,
            "payouts_enabled": charges,
            "transfers_status": transfers,
            "requirements": due,
        }
        for submitted, charges, transfers, due in switches
    ]
    kinds += [{**kinds[0], "detached_at": now()}, {**kinds[0], "deauthorized_at": now()}]
    accounts = ConnectedAccount.objects.bulk_create(
        ConnectedAccount(
            organization=organization,
            is_current=False,
            creation_key=f"key-{number}",
            stripe_account_id=f"acct_{number}",
            **kind,
        )
        for number, kind in enumerate(kinds)
    )
    unmade = ConnectedAccount.objects.create(organization=organization, creation_key="none")
    states = {account.pk: account.state for account in [*accounts, unmade]}
    assert set(states.values()) == set(AccountState)
    found = ConnectedAccount.objects.annotate(group=group_of()).values_list("pk", "group")
    assert dict(found) == {pk: GROUPS[state] for pk, state in states.items()}
