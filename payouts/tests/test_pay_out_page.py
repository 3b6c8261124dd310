"""Being paid out now: what is asked, what is shown for it, and that it is done once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization, User
from connect.models import ConnectedAccount
from ledger import chart
from ledger.services.balances import balance
from ledger.services.verification import verify_ledger
from payouts.models import OrganizerPayout, PayoutRequest
from payouts.services.holding import hold_payouts
from payouts.services.payouts import sync_payout
from payouts.tests.conftest import fail, payouts_at_stripe
from ticketing.models import Order
from ticketing.tests.books import held_by

pytestmark = pytest.mark.django_db
PAGE, LIST = "/dashboard/payouts/new/", "/dashboard/payouts/"


@pytest.fixture
def client(organizer: User, connected_organization: Organization) -> Client:
    client = Client()
    client.force_login(organizer)
    return client


@pytest.fixture
def nonce(client: Client, manual: ConnectedAccount, sell: Callable[..., Order]) -> str:
    """$45.50 are available, and the page is open."""
    sell()
    return str(client.get(PAGE).context["form"]["nonce"].value())


def words_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def send(client: Client, nonce: str, *, step: str = "pay", **fields: str) -> Any:
    return client.post(PAGE, {"step": step, "nonce": nonce, "currency": "usd", "amount": "", **fields})


def test_it_is_offered_under_the_manual_schedule_only(
    client: Client, sell: Callable[..., Order], account: ConnectedAccount
) -> None:
    sell()
    assert "Pay out now" not in words_of(client.get(LIST))
    page = words_of(client.get(PAGE, follow=True))
    assert "Set the schedule to manual first" in page


def test_an_amount_is_checked_and_then_paid_once(
    client: Client, nonce: str, manual: ConnectedAccount, settle: Callable[[], None]
) -> None:
    assert "Pay out now" in words_of(client.get(LIST))
    page = words_of(send(client, nonce, step="check", amount="20.00"))
    assert "Pay out $20.00" in page
    assert not PayoutRequest.objects.exists()
    first = send(client, nonce, amount="20.00")
    again = send(client, nonce, amount="20.00")
    payout = OrganizerPayout.objects.get()
    assert first["Location"] == again["Location"] == f"{LIST}{payout.stripe_payout_id}/"
    assert payout.amount == 2000
    assert [each.id for each in payouts_at_stripe(manual)] == [payout.stripe_payout_id]
    sync_payout(manual, payout.stripe_payout_id)
    settle()
    assert verify_ledger().violations == []
    assert balance(chart.connected(manual.organization), currency="usd") == held_by(
        str(manual.stripe_account_id)
    )


def test_without_an_amount_it_is_all_that_is_available(client: Client, nonce: str) -> None:
    page = words_of(send(client, nonce, step="check"))
    assert "Pay out all that is available" in page
    assert "$45.50" in page
    send(client, nonce)
    assert OrganizerPayout.objects.get().amount == 4550


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("45.51", "Only $45.50 is available."),
        ("0", "Enter an amount above 0"),
        ("-1", "Enter an amount such as 12.50."),
        ("1e99", "Enter an amount such as 12.50."),
        ("ten", "Enter an amount such as 12.50."),
    ],
)
def test_an_amount_that_cannot_be_paid_is_said_beside_its_field(
    client: Client, nonce: str, amount: str, words: str
) -> None:
    page = words_of(send(client, nonce, step="check", amount=amount))
    assert words in page
    assert "There is a problem" in page
    assert not PayoutRequest.objects.exists()


@pytest.mark.parametrize(
    "fields", [{"nonce": "x"}, {"currency": "xxx"}, {"amount": "\x00"}, {"amount": "1e999999"}]
)
def test_a_forged_form_pays_nothing(client: Client, nonce: str, fields: dict[str, str]) -> None:
    given = {"step": "pay", "nonce": nonce, "currency": "usd", "amount": "", **fields}
    assert client.post(PAGE, given).status_code == 200
    assert not PayoutRequest.objects.exists()


def test_an_answer_that_got_lost_is_asked_for_again_with_the_same_page(
    client: Client, nonce: str, manual: ConnectedAccount, sandbox: Any, quick: None
) -> None:
    fail(sandbox, "/v1/payouts", "timeout_after_success", times=10)
    page = send(client, nonce, amount="20.00")
    assert "There is a problem" in words_of(page)
    assert page.context["form"]["nonce"].value() == nonce
    sandbox.control("DELETE", "/_sandbox/faults", None)
    send(client, nonce, amount="20.00")
    assert [each.amount for each in payouts_at_stripe(manual)] == [2000]
    assert OrganizerPayout.objects.get().amount == 2000


def test_more_than_there_is_by_now_is_refused_in_words(client: Client, nonce: str) -> None:
    send(client, nonce)
    page = words_of(send(client, "0" * 32, amount="20.00"))
    assert "The available balance doesn't cover this payout." in page.replace("&#x27;", "'")
    assert OrganizerPayout.objects.count() == 1


def test_held_money_cannot_be_asked_for(
    client: Client, nonce: str, connected_organization: Organization, staff: User
) -> None:
    hold_payouts(connected_organization, days_after_event=3, actor=staff, reason="New organizer")
    page = words_of(client.get(LIST))
    assert "Pay out now" not in page
    assert "until 3 days after each event" in page
    assert "$45.50 for Night Market" in page
    assert client.get(PAGE)["Location"] == LIST
    assert "held until 3 days after each event" in words_of(send(client, nonce))
    assert not OrganizerPayout.objects.exists()


def test_nothing_available_is_said(client: Client, manual: ConnectedAccount) -> None:
    assert "There is nothing available to pay out yet." in words_of(client.get(PAGE, follow=True))
