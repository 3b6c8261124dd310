"""More that must hold over HTTP: what is refused leaves nothing behind, and what Stripe says counts."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, User
from connect.models import ConnectedAccount, StripeEvent
from maly.tests.server import (
    CHECKOUT,
    CONNECT_HOOK,
    CREATE,
    PLATFORM_HOOK,
    Caller,
    Site,
    code_of,
    make_webhook,
    sign,
)
from ticketing.models import Ticket, TicketType


@pytest.mark.parametrize("quantity", [0, -1, 11, 10**9])
def test_a_quantity_out_of_range_is_refused(site: Site, event: str, quantity: int) -> None:
    answer = site.visitor().post(CHECKOUT, site.cart(event, quantity))
    assert (answer.status_code, code_of(answer)) == (400, "QUANTITY_OUT_OF_RANGE")


def test_a_guest_must_leave_email_and_name(site: Site, event: str) -> None:
    for missing in ("email", "name"):
        cart = {name: value for name, value in site.cart(event).items() if name != missing}
        answer = site.visitor().post(CHECKOUT, cart)
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, missing)
    assert site.visitor().post(CHECKOUT, site.cart(event, email="nobody")).status_code == 400


def test_a_session_without_a_csrf_token_changes_nothing(site: Site, organizer: User) -> None:
    browser = Client()
    browser.force_login(organizer)
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    answer = site.visitor().post(CREATE, {}, Cookie=cookie)
    assert answer.status_code == 403
    assert ConnectedAccount.objects.count() == 0


@pytest.mark.parametrize("header", ["Token rubbish", "Token ", "Bearer x", "Token \u00e9"])
def test_a_token_that_is_not_ours_is_nobody(site: Site, header: str) -> None:
    answer = site.visitor().post(CREATE, {}, Authorization=header.encode("latin-1"))  # type: ignore[arg-type]
    assert answer.status_code == 401


def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(site: Site, buyer: User) -> None:
    answers = [
        site.visitor().post("/api/auth/token", {"email": email, "password": "wrong"})
        for email in (buyer.email, "nobody@example.com")
    ]
    assert [answer.status_code for answer in answers] == [401, 401] or [
        answer.status_code for answer in answers
    ] == [400, 400]
    assert answers[0].content == answers[1].content


def test_a_webhook_that_is_too_large_or_no_post_is_refused(site: Site) -> None:
    body = make_webhook(padding="x" * 600_000)
    assert site.send_webhook(PLATFORM_HOOK, body, sign(body, "whsec_test_platform")).status_code == 413
    assert site.visitor().get(PLATFORM_HOOK).status_code == 405


@pytest.mark.parametrize(
    ("path", "secret", "more"),
    [
        (CONNECT_HOOK, "whsec_test_connect", {"livemode": True}),
        (CONNECT_HOOK, "whsec_test_connect", {"account": None}),
        (PLATFORM_HOOK, "whsec_test_platform", {}),
        (CONNECT_HOOK, "whsec_test_connect", {"id": None}),
    ],
    ids=["live event", "platform's event", "connected account's event", "no event at all"],
)
def test_a_signed_body_that_does_not_belong_here_is_rejected(
    site: Site, path: str, secret: str, more: dict[str, Any]
) -> None:
    body = make_webhook(**more)
    assert site.send_webhook(path, body, sign(body, secret)).status_code == 400
    assert StripeEvent.objects.count() == 0


def test_more_than_is_left_is_refused_with_what_is_left(
    site: Site, seller: Caller, organization: Organization
) -> None:
    event = site.make_event(seller, organization.slug, types=[{"capacity": 2}])
    answer = site.visitor().post(CHECKOUT, site.cart(event, 3))
    assert (answer.status_code, code_of(answer)) == (409, "TICKET_SOLD_OUT")
    assert "2" in answer.json()["errors"][0]["detail"]
    assert TicketType.objects.get().held == 0


@pytest.mark.parametrize(
    ("window", "code"),
    [
        ({"sales_start": timedelta(days=1)}, "SALES_NOT_STARTED"),
        ({"sales_end": timedelta(days=-1)}, "SALES_ENDED"),
    ],
)
def test_nobody_buys_outside_the_sale_window(
    site: Site, seller: Caller, organization: Organization, window: dict[str, timedelta], code: str
) -> None:
    given = {name: (timezone.now() + offset).isoformat() for name, offset in window.items()}
    event = site.make_event(seller, organization.slug, types=[given])
    answer = site.visitor().post(CHECKOUT, site.cart(event))
    assert (answer.status_code, code_of(answer)) == (409, code)


def test_an_account_closed_on_stripes_side_counts_as_disconnected(
    site: Site, seller: Caller, organization: Organization
) -> None:
    site.control(f"accounts/{site.accounts_at_stripe()[0]['id']}", {"deauthorize": True})
    site.settle()
    status = seller.get(f"/api/organizations/{organization.slug}/payment-status").json()
    assert (status["state"], status["is_connected"], status["account_id"]) == (
        "disconnected",
        False,
        None,
    )


def test_a_lost_transfers_capability_takes_readiness_back(
    site: Site, seller: Caller, organization: Organization
) -> None:
    account_id = site.accounts_at_stripe()[0]["id"]
    site.control(f"accounts/{account_id}", {"capabilities": {"transfers": "inactive"}})
    site.settle()
    assert seller.get(f"/api/organizations/{organization.slug}/payment-status").json()["verified"] is False
    assert StripeEvent.objects.filter(type="capability.updated", status="processed").exists()


def test_resuming_leads_to_the_session_that_is_open(site: Site, event: str) -> None:
    started = site.check_out(event)
    code, key = started["order"]["code"], started["order"]["key"]
    answer = site.visitor().post(f"/api/orders/{code}/resume?key={key}", {"key": key})
    assert (answer.status_code, answer.json()["url"]) == (200, started["url"])


def test_a_signed_webhook_cannot_claim_a_payment_that_stripe_does_not_know(site: Site, event: str) -> None:
    started = site.check_out(event)
    session = {
        "id": started["session_id"],
        "object": "checkout.session",
        "payment_status": "paid",
        "status": "complete",
    }
    body = make_webhook("checkout.session.completed", account=None, data={"object": session})
    assert site.send_webhook(PLATFORM_HOOK, body, sign(body, "whsec_test_platform")).status_code == 200
    site.settle()
    assert (site.order(started)["status"], Ticket.objects.count()) == ("awaiting_payment", 0)
