"""The billing portal and the hosted invoice, as a browser without JavaScript uses them."""

from typing import Any
from urllib.parse import urljoin

import pytest
import requests
import stripe

from sandbox.currencies import in_words
from sandbox.tests.billing import DAY, FAILING, Billing, item, period
from sandbox.tests.test_pages import CARD, post, words


class Portal:
    """A visit to the portal."""

    def __init__(self, billing: Billing, customer: str, **more: Any) -> None:
        params: Any = {"customer": customer, "return_url": "http://product.test/settings"} | more
        self.session = billing.client.v1.billing_portal.sessions.create(params)

    def get(self, page: str = "") -> requests.Response:
        return requests.get(self.session.url + page, timeout=5)

    def post(self, page: str = "", **fields: str) -> requests.Response:
        """Send a form; what it leads to is the answer."""
        answer = post(self.session.url + page, **fields)
        target = urljoin(self.session.url, answer.headers.get("Location", ""))
        return requests.get(target, timeout=5) if answer.status_code == 303 else answer


@pytest.fixture
def subscription(billing: Billing) -> Any:
    return billing.subscribe()


@pytest.fixture
def portal(billing: Billing, subscription: Any) -> Portal:
    return Portal(billing, subscription.customer)


def test_the_portal_shows_plan_card_invoices_and_the_way_back(portal: Portal) -> None:
    page = portal.get()
    said = words(page)
    for text in (
        "← Back to Maly",
        "Maly Premium Monthly",
        "$29.00 per month",
        "Renews on",
        "Visa ending in 4242",
        "Paid",
    ):
        assert text in said
    assert 'href="http://product.test/settings"' in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_change_shows_what_it_costs_today_and_costs_that(
    billing: Billing, portal: Portal, subscription: Any
) -> None:
    billing.move(10 * DAY)
    portal = Portal(billing, subscription.customer)
    assert "See what it costs today" in words(portal.get("/change"))
    review = portal.get(f"/change?price={billing.yearly.id}")
    due = billing.preview(subscription, billing.yearly).amount_due
    assert f"Due today {in_words(due, 'usd')}" in words(review)
    date = review.text.partition('name="date" value="')[2].partition('"')[0]
    page = portal.post("/change", price=billing.yearly.id, date=date)
    assert "Your plan was changed." in words(page)
    assert "$290.00 per year" in words(page)
    assert billing.invoice(subscription).amount_paid == due
    assert "Your plan was changed" not in words(portal.get())
    back = portal.get(f"/change?price={billing.monthly.id}")
    assert "is kept as credit" in words(back)


def test_a_change_that_the_card_refuses_changes_nothing(
    billing: Billing, portal: Portal, subscription: Any
) -> None:
    billing.set_card(subscription, FAILING)
    page = portal.post("/change", price=billing.yearly.id)
    assert page.status_code == 402
    assert "Your card was declined. Your plan stays as it is." in words(page)
    assert item(billing.subscription(subscription)).price.id == billing.monthly.id


def test_a_plan_is_canceled_at_its_end_and_kept_after_all(
    billing: Billing, portal: Portal, subscription: Any
) -> None:
    assert "It runs until" in words(portal.get("/cancel"))
    said = words(portal.post("/cancel", reason="too_expensive"))
    assert "Your plan was canceled." in said
    assert "and won’t renew" in said
    assert "Change plan" not in said
    found = billing.subscription(subscription)
    assert (found.cancel_at_period_end, found.cancellation_details.feedback) == (False, "too_expensive")
    assert found.cancel_at == item(found).current_period_end  # the billing mode is flexible
    for change, ends in (({"cancel_at_period_end": False}, True), ({"cancel_at": ""}, False)):
        billing.client.v1.subscriptions.update(subscription.id, change)
        assert bool(billing.subscription(subscription).cancel_at) is ends
    portal.post("/cancel")
    assert "Renews on" in words(portal.post(action="keep"))
    assert billing.subscription(subscription).cancel_at is None


def test_a_failed_payment_is_mended_with_another_card(
    billing: Billing, portal: Portal, subscription: Any
) -> None:
    failing = CARD | {"number": "4000 0000 0000 0341"}
    assert "Your new card will be charged" in words(portal.post("/card", **failing))
    billing.advance(subscription, None)
    assert "Payment failed" in words(portal.get())
    assert "The card is tried again on" in words(portal.get())
    assert "Pay $29.00 now" in words(portal.get())
    invoice = billing.invoice(subscription)
    assert "The card was declined." in words(portal.post(pay=invoice.id))
    for fields, status in (
        ({"number": "4000000000000002"}, 402),
        ({"number": "1"}, 400),
        ({"expiry": "1/20"}, 400),
    ):
        assert portal.post("/card", **CARD | fields).status_code == status
    assert 'value="5555 5555 5555 4444"' in portal.post("/card", **CARD, use_card="5555555555554444").text
    portal.post("/card", **CARD | {"number": "5555555555554444"})
    said = words(portal.post(pay=invoice.id))
    assert "The invoice is paid." in said
    assert "Mastercard ending in 4444" in said
    assert billing.subscription(subscription).status == "active"


def test_the_hosted_invoice_shows_pays_and_prints(billing: Billing, subscription: Any) -> None:
    billing.set_card(subscription, FAILING)
    billing.advance(subscription, None)
    invoice = billing.invoice(subscription)
    page = words(requests.get(invoice.hosted_invoice_url, timeout=5))
    for text in (f"Invoice {invoice.number}", "Not paid yet", "1 × Maly Premium Monthly", "Pay $29.00"):
        assert text in page
    assert post(invoice.hosted_invoice_url, pay="now").status_code == 402
    billing.set_card(subscription, "4242424242424242")
    assert post(invoice.hosted_invoice_url, pay="now").status_code == 303
    assert "Pay $29.00" not in words(requests.get(invoice.hosted_invoice_url, timeout=5))
    paper = requests.get(invoice.invoice_pdf, timeout=5)
    assert paper.headers["Content-Type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF-")
    assert b"Amount due: $29.00" in paper.content
    assert requests.get(f"{billing.sandbox.url}/i/none", timeout=5).status_code == 404


def test_another_customers_invoice_is_not_paid(billing: Billing, portal: Portal) -> None:
    other = billing.subscribe()
    billing.set_card(other, FAILING)
    billing.advance(other, None)
    billing.set_card(other, "4242424242424242")
    portal.post(pay=billing.invoice(other).id)
    assert billing.invoice(other).status == "open"


def test_a_configuration_allows_what_it_names(billing: Billing, subscription: Any) -> None:
    portal = billing.client.v1.billing_portal
    configuration = portal.configurations.create(
        {
            "features": {
                "invoice_history": {"enabled": True},
                "subscription_cancel": {"enabled": True, "mode": "immediately"},
            }
        }
    )
    visit = Portal(billing, subscription.customer, configuration=configuration.id)
    said = words(visit.get())
    assert ("Change plan" in said, "Update card" in said, "Cancel plan" in said) == (False, False, True)
    assert visit.get("/change").status_code == visit.get("/card").status_code == 409
    assert "It ends at once" in words(visit.get("/cancel"))
    visit.post("/cancel")
    assert billing.subscription(subscription).status == "canceled"
    assert "Ended on" in words(visit.get())


def test_a_flow_leads_to_its_page_and_a_link_is_over_after_an_hour(
    billing: Billing, subscription: Any
) -> None:
    visit = Portal(billing, subscription.customer, flow_data={"type": "payment_method_update"})
    assert "Update card" in words(visit.get())
    assert "← Back to Maly" in words(visit.get())
    billing.move(3601)
    assert visit.get().status_code == 404
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        Portal(billing, "cus_none")


def test_the_subscription_page_says_the_amount_and_the_interval(billing: Billing) -> None:
    session = billing.session(customer_email="bo@example.com")
    said = words(requests.get(session.url, timeout=5))
    for text in ("Test subscription", "← Back to Maly", "Due today $29.00", "Subscribe for $29.00 per month"):
        assert text in said
    assert "Pay later" not in said
    assert post(session.url, **CARD | {"number": FAILING}).status_code == 402
    answer = post(session.url, **CARD)
    assert answer.headers["Location"] == f"http://product.test/premium/success?session_id={session.id}"


def test_the_bench_lists_subscriptions_and_advances_them(billing: Billing, subscription: Any) -> None:
    end = period(subscription)[1]
    for page in ("/_sandbox/", "/_sandbox/pages/billing"):
        assert subscription.id in requests.get(billing.sandbox.url + page, timeout=5).text
    url = f"{billing.sandbox.url}/_sandbox/subscriptions/{subscription.id}"
    assert post(url, payment="succeeds").status_code == 303
    assert period(billing.subscription(subscription))[0] == end
