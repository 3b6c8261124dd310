"""The payment settings: who sees them, each state of the account, and what the buttons do."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Organization, Role
from accounts.tests.factories import PASSWORD, MembershipFactory
from connect.models import AccountState, ConnectedAccount
from connect.selectors import default_absorption, get_current_account
from connect.services.accounts import start_onboarding
from dashboard.selectors.stripe_card import STATES
from payouts.models import LastSeen
from ticketing.tests.factories import TicketTypeFactory

pytestmark = pytest.mark.django_db

PAYMENTS = "/dashboard/settings/payments/"
CONNECT = f"{PAYMENTS}connect/"
STRIPE = f"{PAYMENTS}stripe/"
FEES = f"{PAYMENTS}fees/"
RETURN = f"{PAYMENTS}return/"
REFRESH = f"{PAYMENTS}refresh/"
DISCONNECT = f"{PAYMENTS}disconnect/"
READY = {
    "charges_enabled": True,
    "payouts_enabled": True,
    "details_submitted": True,
    "transfers_status": "active",
    "card_payments_status": "active",
}


def browser(user: Any = None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client


def sign_in_again(client: Client) -> None:
    client.post("/account/reauthenticate/", {"password": PASSWORD})


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def account(organization: Organization) -> ConnectedAccount:
    """A ready account as our own row only."""
    return ConnectedAccount.objects.create(
        organization=organization, creation_key="key", stripe_account_id="acct_1PabcdefghijX7Qz", **READY
    )


STATES_OF_ROWS = {
    AccountState.ONBOARDING: {"details_submitted": False, "charges_enabled": False},
    AccountState.UNDER_REVIEW: {
        "charges_enabled": False,
        "requirements": {"disabled_reason": "under_review"},
    },
    AccountState.READY: {},
    AccountState.DUE_SOON: {
        "requirements": {"currently_due": ["individual.dob.day"], "current_deadline": 1795000000}
    },
    AccountState.RESTRICTED: {
        "charges_enabled": False,
        "requirements": {"past_due": ["external_account"], "disabled_reason": "requirements.past_due"},
    },
    AccountState.REJECTED: {"charges_enabled": False, "requirements": {"disabled_reason": "rejected.fraud"}},
    AccountState.DISCONNECTED: {"detached_at": timezone.now()},
}


@pytest.mark.parametrize("state", STATES_OF_ROWS, ids=str)
def test_each_state_has_its_words_and_its_step(organizer, account, state):
    ConnectedAccount.objects.update(**STATES_OF_ROWS[state])
    page = text_of(browser(organizer).get(PAYMENTS))
    words = STATES[state]
    assert f">{words.badge}</span>" in page
    assert str(words.text).replace("'", "&#x27;") in page
    if words.action:
        assert str(words.action) in page
    assert account.stripe_account_id not in page
    assert (account.masked_id in page) == (state != AccountState.DISCONNECTED)


def test_before_connecting_it_says_what_it_takes(organizer):
    page = text_of(browser(organizer).get(PAYMENTS))
    assert "Connect with Stripe" in page
    assert "Free events don't need this." in page
    assert "Disconnect…" not in page


def test_due_requirements_are_listed_in_words_with_their_date(organizer, account):
    ConnectedAccount.objects.update(**STATES_OF_ROWS[AccountState.DUE_SOON])
    page = text_of(browser(organizer).get(PAYMENTS))
    assert "Confirm your date of birth" in page
    assert "Due Wed 18 Nov" in page
    assert "Stripe needs 1 thing before Wed 18 Nov 2026" in page
    assert "individual.dob" not in page


def test_what_is_overdue_stands_first_with_what_was_wrong_and_what_comes_later_last(organizer, account):
    ConnectedAccount.objects.update(
        charges_enabled=False,
        requirements={
            "past_due": ["person_1Ab.verification.document"],
            "currently_due": ["person_1Ab.verification.document", "external_account"],
            "pending_verification": ["company.tax_id"],
            "eventually_due": ["external_account", "individual.id_number", "brand.new"],
            "errors": [
                {
                    "code": "verification_document_expired",
                    "reason": "of person_1Ab",
                    "requirement": "person_1Ab.verification.document",
                }
            ],
            "disabled_reason": "requirements.past_due",
        },
    )
    page = re.sub(r"<[^>]+>", " ", text_of(browser(organizer).get(PAYMENTS)))
    page = " ".join(page.split())
    assert (
        "Identity document The document has expired. Upload one that is valid. Overdue"
        " Bank account for payouts Needed now Company tax number Being checked"
        " Later, as you sell more, Stripe will also ask for: Identity number, More information." in page
    )
    assert "Accept payments Off Receive payouts On" in page
    assert "Stripe needs 2 things" in page
    assert "person_1Ab" not in page


@pytest.mark.parametrize("path", [PAYMENTS, RETURN, REFRESH, DISCONNECT])
@pytest.mark.parametrize("role", ["manager", "scanner"])
def test_members_without_the_role_are_refused(request, account, sandbox, path, role):
    assert browser(request.getfixturevalue(role)).get(path).status_code == 403


@pytest.mark.parametrize("path", [PAYMENTS, CONNECT, STRIPE, FEES, RETURN, REFRESH, DISCONNECT])
def test_visitors_sign_in_first(db, path):
    response = browser().get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/")


@pytest.mark.parametrize("path", [RETURN, REFRESH])
def test_a_stranger_cannot_come_back_for_another_organization(account, stranger, sandbox, path):
    assert browser(stranger).get(f"{path}?organization=harbour-arts").status_code == 404
    assert sandbox.control("GET", "/_sandbox/requests")[1] == []


@pytest.mark.parametrize("path", [CONNECT, STRIPE, FEES])
def test_what_changes_something_takes_post_only(organizer, path):
    assert browser(organizer).get(path).status_code == 405


def test_an_admin_sees_everything_but_disconnect(organization, account):
    admin = MembershipFactory(organization=organization, role=Role.ADMIN).user
    assert "Disconnect…" not in text_of(browser(admin).get(PAYMENTS))
    assert browser(admin).get(DISCONNECT).status_code == 403
    assert browser(admin).post(DISCONNECT, {"confirm": "harbour-arts"}).status_code == 403
    assert get_current_account(organization).state == AccountState.READY


def test_connecting_leads_to_stripe_with_a_new_link_on_every_click(organization, organizer, sandbox):
    client = browser(organizer)
    first, second = client.post(CONNECT), client.post(CONNECT)
    assert first.status_code == second.status_code == 302
    assert first["Location"].startswith(sandbox.url)
    assert first["Location"] != second["Location"]
    assert ConnectedAccount.objects.count() == 1


def test_somebody_without_an_organization_gets_a_personal_one(buyer, sandbox):
    client = browser(buyer)
    assert client.get(PAYMENTS).status_code == 200
    assert client.post(CONNECT).status_code == 302
    assert Membership.objects.get(user=buyer).organization.kind == Organization.Kind.PERSONAL


def test_a_failing_stripe_is_said_in_words(organization, organizer, sandbox):
    fault = {"method": "POST", "path": "/v1/accounts", "effect": "error_500", "times": 1}
    sandbox.control("POST", "/_sandbox/faults", fault)
    page = text_of(browser(organizer).post(CONNECT, follow=True))
    assert "Stripe can&#x27;t be reached right now." in page
    assert "Connect with Stripe" in page


def test_coming_back_reads_the_account_and_shows_how_it_stands(organization, organizer, sandbox):
    account, _link = start_onboarding(organization, actor=organizer)
    client = browser(organizer)
    page = text_of(client.get(f"{RETURN}?organization=harbour-arts"))
    assert "Stripe needs more from you" in page
    sandbox.control("POST", f"/_sandbox/accounts/{account.stripe_account_id}", {"complete": True})
    page = text_of(client.get(f"{RETURN}?organization=harbour-arts"))
    assert "You can sell paid tickets" in page
    assert get_current_account(organization).state == AccountState.READY


def test_coming_back_while_stripe_is_away_shows_what_is_known(organization, organizer, sandbox):
    start_onboarding(organization, actor=organizer)
    fault = {"method": "GET", "path": "/v1/accounts", "effect": "error_500", "times": 1}
    sandbox.control("POST", "/_sandbox/faults", fault)
    response = browser(organizer).get(RETURN)
    assert response.status_code == 200
    assert "may be out of date" in text_of(response)


def test_coming_back_without_an_account_is_no_error(organizer):
    assert "Stripe isn&#x27;t connected" in text_of(browser(organizer).get(RETURN)).replace(
        "isn't", "isn&#x27;t"
    )


def test_a_lapsed_link_is_replaced_by_a_new_one(organization, organizer, sandbox):
    start_onboarding(organization, actor=organizer)
    response = browser(organizer).get(f"{REFRESH}?organization=harbour-arts")
    assert response.status_code == 302
    assert response["Location"].startswith(sandbox.url)


def test_a_lapsed_link_of_a_detached_account_explains_itself(organizer):
    page = text_of(browser(organizer).get(REFRESH, follow=True))
    assert "connected to Stripe" in page


def test_the_stripe_dashboard_opens(connected_organization, organizer, sandbox):
    response = browser(organizer).post(STRIPE)
    assert response.status_code == 302
    assert response["Location"].startswith(sandbox.url)


def test_fees_are_chosen_with_an_example(organization, organizer):
    client = browser(organizer)
    page = text_of(client.get(PAYMENTS))
    assert "4% + $0.75 per paid ticket" in page
    assert "A ticket for $50.00 shows as $54.58. You receive $50.00." in page
    assert "A ticket for $50.00 shows as $50.00. You receive $45.50." in page
    client.post(FEES, {"fee_absorption": "pass_to_buyer"})
    assert default_absorption(organization) == "pass_to_buyer"
    assert 'value="pass_to_buyer" checked' in text_of(client.get(PAYMENTS))
    assert "Choose absorb" in text_of(client.post(FEES, {"fee_absorption": "nobody"}, follow=True))
    assert default_absorption(organization) == "pass_to_buyer"


def test_the_example_is_their_own_cheapest_ticket_in_its_own_currency(organization, organizer):
    euros = TicketTypeFactory(event__organization=organization, event__currency="eur", price_amount=2500)
    page = text_of(browser(organizer).get(PAYMENTS))
    assert "4% + €0.75 per paid ticket" in page
    assert "A ticket for €25.00 shows as €25.00." in page
    assert f"your cheapest paid ticket: {euros.name}, {euros.event.title}." in page
    for price_amount in (9000, 4000, 60):
        TicketTypeFactory(event__organization=organization, price_amount=price_amount)
    assert "A ticket for $40.00 shows as $40.00." in text_of(browser(organizer).get(PAYMENTS))


def test_disconnecting_needs_a_recent_sign_in_and_goes_on_with_what_was_sent(
    organization, account, organizer
):
    client = browser(organizer)
    for response in (client.get(DISCONNECT), client.post(DISCONNECT, {"confirm": "harbour-arts"})):
        assert response.status_code == 302
        assert response["Location"].startswith("/account/reauthenticate/")
    assert get_current_account(organization).state == AccountState.READY
    page = text_of(client.post(response["Location"], {"password": PASSWORD}, follow=True))
    assert "Stripe is disconnected." in page
    assert get_current_account(organization).state == AccountState.DISCONNECTED
    assert "there is nothing to disconnect" in text_of(client.get(DISCONNECT))


def test_the_page_says_what_stops_and_what_is_in_the_balance(organization, account, organizer):
    TicketTypeFactory(event__organization=organization)
    TicketTypeFactory(event__organization=organization, price_amount=0)
    LastSeen.objects.create(
        connected_account=account,
        available={"usd": 128450},
        pending={"usd": 41200},
        schedule={"interval": "daily"},
        payouts_enabled=True,
        seen_at=timezone.now() - timedelta(minutes=2),
    )
    client = browser(organizer)
    sign_in_again(client)
    page = text_of(client.get(DISCONNECT))
    assert "Active ticket sales will be paused until a new account is connected." in page
    assert "stop selling paid tickets</dt><dd>1</dd>" in page
    assert "$1,284.50" in page
    assert "$412.00" in page
    assert "Balance updated 2 min ago" in page
    assert account.stripe_account_id not in page


def test_disconnecting_needs_the_typed_address(organization, account, organizer):
    client = browser(organizer)
    sign_in_again(client)
    assert "harbour-arts" in text_of(client.get(DISCONNECT))
    for wrong in ("", "harbour", "x" * 100):
        response = client.post(DISCONNECT, {"confirm": wrong})
        assert response.status_code == 200
        assert "There is a problem" in text_of(response)
    assert get_current_account(organization).state == AccountState.READY
    response = client.post(DISCONNECT, {"confirm": "harbour-arts"}, follow=True)
    assert "Stripe is disconnected." in text_of(response)
    assert get_current_account(organization).state == AccountState.DISCONNECTED
