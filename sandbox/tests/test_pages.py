"""The hosted pages as a browser without JavaScript uses them."""

import html
import re
from typing import Any

import pytest
import requests
import stripe

from sandbox.server import Sandbox
from sandbox.tests.conftest import EXPRESS, Buy, Inbox, pay, session_params

CARD = {
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 34",
    "cvc": "123",
    "name": "Ada Obi",
    "action": "pay",
}


def post(url: str, /, **fields: str) -> requests.Response:
    return requests.post(url, data=fields, timeout=5, allow_redirects=False)


def words(answer: requests.Response) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


# Paying


def test_the_payment_page_shows_order_total_email_and_the_way_back(new_session: Buy) -> None:
    session = new_session()
    page = requests.get(session.url, timeout=5)
    said = words(page)
    for text in (
        "Sandbox: no real money moves",
        "Night Market: General",
        "Pay $54.58",
        "← Back to host@example.com",
    ):
        assert text in said
    assert 'href="http://product.test/cancel"' in page.text
    assert 'value="ada@example.com"' in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_paying_leads_back_with_the_sessions_id(client: stripe.StripeClient, new_session: Buy) -> None:
    session = new_session()
    answer = post(session.url, **CARD)
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"http://product.test/o?session={session.id}",
    )
    found = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (found.payment_status, found.customer_details.name) == ("paid", "Ada Obi")
    assert found.payment_intent.latest_charge.payment_method_details.card.exp_year == 2034
    again = requests.get(f"{answer.url}", timeout=5)
    assert "This payment is done" in words(again)


def test_a_decline_is_said_and_another_card_pays(new_session: Buy) -> None:
    session = new_session()
    for number, said in (
        ("4000000000000002", "Your card was declined. Try a different card."),
        ("4000000000009995", "Your card has insufficient funds. Try a different card."),
    ):
        declined = post(session.url, **CARD | {"number": number})
        assert declined.status_code == 402
        assert said in words(declined)
    assert post(session.url, **CARD | {"action": "decline"}).status_code == 402
    assert post(session.url, **CARD).status_code == 303


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("number", "1234", "Enter a complete card number"),
        ("number", "", "Enter a complete card number"),
        ("expiry", "01 / 20", "This card has expired"),
        ("expiry", "soon", "Enter the expiry date"),
        ("expiry", "13/40", "Enter the expiry date"),
        ("cvc", "1", "security code"),
        ("name", "<script>alert(1)</script>", ""),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_charged(
    sandbox: Sandbox, new_session: Buy, field: str, value: str, said: str
) -> None:
    session = new_session()
    number = {"number": "4000000000000002"} if field == "name" else {}
    answer = post(session.url, **CARD | number | {field: value})
    assert answer.status_code == (402 if field == "name" else 400)
    assert said in words(answer)
    assert "<script>" not in answer.text
    assert sandbox.world.state.get("checkout.session", session.id)["status"] == "open"


def test_a_guest_without_email_types_it(client: stripe.StripeClient) -> None:
    params: Any = session_params()
    del params["customer_email"]
    session = client.v1.checkout.sessions.create(params)
    assert post(str(session.url), **CARD, email="nobody").status_code == 400
    assert post(str(session.url), **CARD, email="bo@example.com").status_code == 303
    found = client.v1.checkout.sessions.retrieve(session.id)
    assert found.customer_details is not None
    assert found.customer_details.email == "bo@example.com"


def test_3d_secure_is_a_page_of_its_own(sandbox: Sandbox, new_session: Buy) -> None:
    session = new_session()
    for action, status in (("fail", 402), ("complete", 303)):
        asked = post(session.url, **CARD | {"number": "4000000000003220"})
        assert asked.headers["Location"].startswith("/c/3ds/")
        page = sandbox.url + asked.headers["Location"]
        assert "Pay $54.58 with the card ending in 3220?" in words(requests.get(page, timeout=5))
        answer = post(page, action=action)
        assert answer.status_code == status
        assert requests.get(page, timeout=5).status_code == 404
    assert answer.headers["Location"].endswith(session.id)


def test_a_failed_check_leads_to_the_payment_page_again(sandbox: Sandbox, new_session: Buy) -> None:
    session = new_session()
    asked = post(session.url, **CARD | {"number": "4000000000003220"})
    page = post(sandbox.url + asked.headers["Location"], action="fail")
    assert f'action="/c/pay/{session.id}"' in page.text


def test_leaving_goes_to_the_cancel_url_and_keeps_the_session_open(
    sandbox: Sandbox, new_session: Buy
) -> None:
    session = new_session()
    answer = post(session.url, action="leave")
    assert answer.headers["Location"] == "http://product.test/cancel"
    assert sandbox.world.state.get("checkout.session", session.id)["status"] == "open"


def test_an_address_cannot_write_headers(client: stripe.StripeClient) -> None:
    url = "http://product.test/o?name=Zoë&x=1\r\nSet-Cookie: a=1"
    session = client.v1.checkout.sessions.create(session_params() | {"success_url": url})  # type: ignore[arg-type]
    answer = post(str(session.url), **CARD)
    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Location"].startswith("http://product.test/o?name=Zo%C3%AB&x=1%0D%0A")


def test_paying_later_completes_unpaid(client: stripe.StripeClient, new_session: Buy) -> None:
    session = new_session()
    assert post(session.url, **CARD | {"action": "pay_later"}).status_code == 303
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"


def test_a_test_card_is_put_in_by_its_button(new_session: Buy) -> None:
    answer = post(new_session().url, **CARD, use_card="4000000000000077")
    assert 'value="4000 0000 0000 0077"' in answer.text


def test_expired_and_unknown_payments_have_their_pages(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy
) -> None:
    session = new_session()
    client.v1.checkout.sessions.expire(session.id)
    page = requests.get(session.url, timeout=5)
    assert "This payment has expired" in words(page)
    assert 'href="http://product.test/cancel"' in page.text
    assert "This payment has expired" in words(post(session.url, **CARD))
    assert requests.get(f"{sandbox.url}/c/pay/cs_test_none", timeout=5).status_code == 404


# Onboarding


def new_link(client: stripe.StripeClient, account_id: str) -> str:
    urls: Any = {"refresh_url": "http://product.test/refresh", "return_url": "http://product.test/return"}
    return client.v1.account_links.create({"account": account_id, "type": "account_onboarding", **urls}).url


def begin(sandbox: Sandbox, link: str) -> str:
    """Open a link as a browser does; return the address of the visit."""
    answer = requests.get(link, timeout=5, allow_redirects=False)
    return sandbox.url + answer.headers["Location"]


def go_through(visit: str, outcome: str) -> requests.Response:
    business = {"name": "Harbour Arts", "business_type": "non_profit", "url": "https://harbour.example"}
    assert post(visit, **business, action="next").status_code == 303
    person = {"first_name": "Noor", "last_name": "Haddad", "born": "1901-01-01", "id_number": "000000000"}
    assert post(f"{visit}?step=person", **person, action="next").status_code == 303
    bank = {"routing_number": "110000000", "account_number": "000123456789", "outcome": outcome}
    return post(f"{visit}?step=bank", **bank, action="finish")


@pytest.mark.parametrize(
    ("outcome", "charges", "payouts", "reason"),
    [
        ("verified", True, True, None),
        ("currently_due", True, False, None),
        ("eventually_due", True, True, None),
        ("under_review", False, False, "under_review"),
        ("past_due", False, False, "requirements.past_due"),
        ("rejected", False, False, "rejected.fraud"),
    ],
)
def test_onboarding_ends_as_the_visitor_chooses(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    inbox: Inbox,
    outcome: str,
    charges: bool,
    payouts: bool,
    reason: str,
) -> None:
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    visit = begin(sandbox, new_link(client, account.id))
    assert account.id not in visit
    done = go_through(visit, outcome)
    assert done.headers["Location"] == "http://product.test/return"
    after = client.v1.accounts.retrieve(account.id)
    assert (after.charges_enabled, after.payouts_enabled, after.details_submitted) == (charges, payouts, True)
    assert after.requirements.disabled_reason == reason
    assert (after.business_profile.name, after.business_type) == ("Harbour Arts", "non_profit")
    assert bool(after.external_accounts.data) is (outcome != "currently_due")
    assert bool(after.requirements.current_deadline) is (outcome == "eventually_due")
    sandbox.pump()
    assert len(inbox.events("account.updated")) == 1
    assert "You are done here" in words(requests.get(visit, timeout=5))


def test_a_review_ends_by_the_clock(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    go_through(begin(sandbox, new_link(client, account.id)), "under_review")
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 2 * 86400})
    assert client.v1.accounts.retrieve(account.id).charges_enabled


def test_a_link_works_once_and_for_five_minutes(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    used, late = new_link(client, account.id), new_link(client, account.id)
    begin(sandbox, used)
    sandbox.control("POST", "/_sandbox/clock", {"advance_seconds": 301})
    for link in (used, late):
        answer = requests.get(link, timeout=5, allow_redirects=False)
        assert answer.headers["Location"] == "http://product.test/refresh"
    assert requests.get(f"{sandbox.url}/connect/setup/unknown", timeout=5).status_code == 404


def test_leaving_unfinished_submits_nothing(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    visit = begin(sandbox, new_link(client, account.id))
    left = post(visit, name="Harbour Arts", business_type="company", url="", action="leave")
    assert left.headers["Location"] == "http://product.test/return"
    after = client.v1.accounts.retrieve(account.id)
    assert (after.details_submitted, after.charges_enabled) == (False, False)
    assert after.business_profile.name == "Harbour Arts"


def test_wrong_answers_are_named(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    account = client.v1.accounts.create({"country": "US", **EXPRESS})
    visit = begin(sandbox, new_link(client, account.id))
    for step, fields, said in (
        (
            "business",
            {"name": "", "business_type": "company", "url": "ftp://x"},
            "Enter the name of the business.",
        ),
        ("person", {"first_name": "A", "last_name": "B", "born": "yesterday"}, "Enter the date of birth"),
        ("bank", {"routing_number": "1", "account_number": "x", "outcome": "verified"}, "Enter digits only"),
        ("bank", {}, "Enter digits only"),
    ):
        answer = post(f"{visit}?step={step}", **fields, action="next")
        assert answer.status_code == 400
        assert said in words(answer)
    assert not client.v1.accounts.retrieve(account.id).details_submitted


# The other pages


def test_the_express_dashboard_shows_the_accounts_money_once(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    pay(sandbox, new_session())
    sandbox.pump()
    link = client.v1.accounts.login_links.create(account.id).url
    page = requests.get(link, timeout=5)
    for text in ("host@example.com", "$50.00", "No payouts yet.", "−$4.58"):
        assert text in words(page)
    assert requests.get(link, timeout=5).status_code == 404


def test_the_bench_shows_everything_and_its_buttons_work(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    assert "None yet" in words(requests.get(f"{sandbox.url}/", timeout=5))
    pay(sandbox, new_session(client_reference_id="M-7K2QX4C"))
    sandbox.pump()
    home = words(requests.get(f"{sandbox.url}/_sandbox/", timeout=5))
    for text in ("$2.70", "$50.00", "M-7K2QX4C", "Paid", "charge.updated", account.id, "200 in"):
        assert text in home
    assert post(f"{sandbox.url}/_sandbox/clock", advance_seconds="172800").headers["Location"] == "/_sandbox/"
    assert client.v1.balance.retrieve().available[0].amount == 270
    assert post(f"{sandbox.url}/_sandbox/delivery", mode="hold").status_code == 303
    assert sandbox.delivery.mode == "hold"
    change = post(f"{sandbox.url}/_sandbox/pages/accounts/{account.id}")
    assert "Test onboarding" in words(requests.get(sandbox.url + change.headers["Location"], timeout=5))
    for name in ("events", "sessions", "requests", "money"):
        assert requests.get(f"{sandbox.url}/_sandbox/pages/{name}", timeout=5).status_code == 200


def test_the_bench_refunds_disputes_and_pays_out(
    sandbox: Sandbox, client: stripe.StripeClient, new_session: Buy, account: stripe.Account
) -> None:
    for _ in range(2):
        pay(sandbox, new_session(5000, fee=150), "4000000000000077")
    sandbox.pump()
    first, second = [one.id for one in client.v1.charges.list().data]
    bench = f"{sandbox.url}/_sandbox"
    assert post(f"{bench}/charges/{first}/refund", reverse_transfer="false").status_code == 303
    assert post(f"{bench}/charges/{second}/dispute", reason="fraudulent").status_code == 303
    assert post(f"{bench}/payouts", account=account.id).status_code == 303
    refund, dispute = client.v1.refunds.list().data[0], client.v1.disputes.list().data[0]
    payout = client.v1.payouts.list(options={"stripe_account": account.id}).data[0]
    shown = words(requests.get(f"{bench}/", timeout=5))
    for text in (
        refund.id,
        dispute.id,
        payout.id,
        "$97.00",
        "Needs response",
        "Let it fail",
        "Win",
        "Refunded",
    ):
        assert text in shown
    post(f"{bench}/refunds/{refund.id}", status="failed")
    post(f"{bench}/disputes/{dispute.id}", outcome="won")
    post(f"{bench}/payouts/{payout.id}", outcome="failed")
    shown = words(requests.get(f"{bench}/pages/money", timeout=5))
    for text in ("Failed: could_not_process", "Won", "Failed", "Disputed", "Succeeded"):
        assert text in shown
    assert "Bank account disabled" in words(requests.get(f"{bench}/", timeout=5))
    dashboard = words(requests.get(client.v1.accounts.login_links.create(account.id).url, timeout=5))
    for text in (payout.id, "failed", "The bank could not process this payout.", "Payouts have stopped"):
        assert text in dashboard


def test_files_and_unknown_pages(sandbox: Sandbox) -> None:
    assert (
        requests.get(f"{sandbox.url}/_sandbox/static/sandbox.css", timeout=5)
        .headers["Content-Type"]
        .startswith("text/css")
    )
    assert requests.get(f"{sandbox.url}/_sandbox/static/../server.py", timeout=5).status_code == 404
    for path in (
        "/nothing",
        "/_sandbox/pages/nothing",
        "/_sandbox/static/%2e%2e/server.py",
        "/connect/onboarding/x",
        "/express/x",
    ):
        assert requests.get(sandbox.url + path, timeout=5).status_code == 404
    assert requests.delete(f"{sandbox.url}/c/pay/x", timeout=5).status_code == 405
