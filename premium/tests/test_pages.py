"""Premium's pages: what it costs, the way to the payment and back, and a person's billing."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from accounts.models import Entitlement, User
from accounts.premium import Benefit, is_premium
from connect import billing_calls
from premium.models import PlanChange, PremiumInvoice, Subscription, SubscriptionCheckout
from premium.plans import MONTHLY, Plan, PlanCode
from premium.selectors.offers import OfferPage
from premium.wording import AFTERWARDS, MEANING, PLACES, saving_in_words

pytestmark = pytest.mark.django_db
BILLING = "/dashboard/settings/billing/"


@pytest.fixture
def client(buyer: User) -> Client:
    made = Client()
    made.force_login(buyer)
    return made


def words_of(page: Any) -> str:
    """What people read of a page, in one line."""
    main = page.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


def test_every_benefit_has_its_words_and_the_saving_is_computed() -> None:
    assert set(MEANING) == set(AFTERWARDS) == set(PLACES) == set(Benefit)
    yearly = {
        amount: Plan(PlanCode.YEARLY, "", amount, "usd", "year", 12, "year")
        for amount in (29000, 31900, 33350, 34800)
    }
    said = {amount: saving_in_words(plan, MONTHLY) for amount, plan in yearly.items()}
    assert said == {
        29000: "2 months free: $58 less than paying monthly.",
        31900: "One month free: $29 less than paying monthly.",
        33350: "$14.50 less than paying monthly.",
        34800: "",
    }


def test_a_visitor_sees_prices_and_benefits_and_signs_in_on_the_way(prices: Any) -> None:
    visitor = Client()
    page = visitor.get("/premium/")
    said = words_of(page)
    for words in (
        "$29 a month",
        "$290 a year",
        "2 months free: $58 less",
        "2% a ticket instead of 3%",
    ):
        assert words in said
    assert all(str(benefit.label) in said for benefit in Benefit)
    assert "No money was taken" not in said
    assert "No money was taken" in words_of(visitor.get("/premium/?canceled=true"))
    answer = visitor.post("/premium/", {"plan": "monthly"})
    assert answer["Location"] == "/account/login/?next=%2Fpremium%2F%3Fplan%3Dmonthly"
    assert 'value="monthly" checked' in visitor.get("/premium/?plan=monthly").content.decode()
    assert not SubscriptionCheckout.objects.exists()


def test_somebody_pays_and_is_welcome_at_once(
    client: Client, buyer: User, stranger: User, prices: Any, pay_session: Callable[..., Any]
) -> None:
    assert client.post("/premium/", {"plan": "lifetime"})["Location"] == "/premium/"
    assert "You don’t have Premium" in words_of(client.get(BILLING))
    to_stripe = client.post("/premium/", {"plan": "yearly"})
    checkout = SubscriptionCheckout.objects.get()
    assert to_stripe["Location"] == checkout.url
    back = f"/premium/success?session_id={checkout.session_id}"
    waiting = client.get(back).content.decode()
    assert "Confirming your payment" in waiting
    assert f"3;url={escape(back)}&amp;wait=1" in waiting
    assert "longer than usual" in words_of(client.get(f"{back}&wait=11"))
    assert not is_premium(buyer)

    pay_session(str(checkout.session_id))
    other = Client()
    other.force_login(stranger)
    assert other.get(back).status_code == 404
    assert client.get("/premium/success?session_id=cs_test_nothing").status_code == 404
    welcome = words_of(client.get(back))
    assert "You have Premium" in welcome
    assert "for $290.00" in welcome
    assert is_premium(buyer)
    assert "Go to billing" in words_of(client.get("/premium/"))
    again = client.post("/premium/", {"plan": "yearly"}, follow=True)
    assert again.redirect_chain == [(BILLING, 302)]
    assert "You already have Premium" in words_of(again)


def test_billing_shows_changes_and_ends_it(
    client: Client, buyer: User, subscribe: Callable[..., Subscription], settle: Callable[[], None]
) -> None:
    found = subscribe(buyer)
    said = words_of(client.get(BILLING))
    for words in (
        "Active",
        "Monthly, $29 a month",
        "Next payment",
        "Visa ending 4242",
        "$29.00 Invoices"[-8:],
    ):
        assert words in said
    assert client.post(f"{BILLING}portal/")["Location"].startswith("http://")

    assert client.post(f"{BILLING}offer/", {"plan": "monthly"}, follow=True).status_code == 200
    offered = client.post(f"{BILLING}offer/", {"plan": "yearly"})
    change = PlanChange.objects.get()
    shown = words_of(client.get(offered["Location"]))
    assert "Yearly, $290 a year" in shown
    assert f"Change and pay ${change.amount // 100}" in shown
    stranger = Client()
    stranger.force_login(User.objects.create_user("other@example.com"))
    assert stranger.get(offered["Location"]).status_code == 404
    assert "You pay yearly from now on." in words_of(client.post(offered["Location"], follow=True))
    settle()
    found.refresh_from_db()
    assert found.subscription_type == "yearly"
    assert PremiumInvoice.objects.order_by("-pk").first().charged_amount == change.amount
    assert client.get(offered["Location"])["Location"] == BILLING  # it was taken

    losses = words_of(client.get(f"{BILLING}cancel/"))
    assert all(str(benefit.label) in losses for benefit in Benefit)
    assert "nothing more is charged" in words_of(client.post(f"{BILLING}cancel/", follow=True))
    ending = words_of(client.get(BILLING))
    assert "Ends soon" in ending
    assert "instead…" not in ending
    assert "You keep Premium." in words_of(client.post(f"{BILLING}resume/", follow=True))
    assert "Active" in words_of(client.get(BILLING))
    billing_calls.set_cancellation(found.stripe_subscription_id, at_period_end=True)  # on Stripe's page
    assert "Ends soon" in words_of(client.get(f"{BILLING}return/", follow=True))
    settle()


def test_a_failed_payment_is_said_with_the_way_to_fix_it(
    client: Client,
    buyer: User,
    subscribe: Callable[..., Subscription],
    advance: Callable[..., Subscription],
    django_assert_num_queries: Any,
) -> None:
    found = subscribe(buyer)
    client.get(BILLING)
    with django_assert_num_queries(6):
        client.get(BILLING)
    advance(found, payment="fails")
    said = words_of(client.get(BILLING))
    for words in (
        "We couldn’t charge $29.00",
        "while you put it right",
        "Update your card",
        "Pay this invoice",
    ):
        assert words in said
    assert "instead…" not in said
    with django_assert_num_queries(6):  # whatever the number of invoices
        client.get(BILLING)


def test_somebody_without_premium_is_led_to_it(client: Client) -> None:
    for path in ("cancel/", "change/"):
        assert client.get(f"{BILLING}{path}")["Location"] == BILLING
    for path in ("cancel/", "resume/", "portal/", "offer/"):
        answer = client.post(f"{BILLING}{path}", {"plan": "yearly"}, follow=True)
        assert "You don’t have Premium" in words_of(answer)


def test_what_billing_says_is_so_whatever_lies_behind(
    client: Client, buyer: User, subscribe: Callable[..., Subscription], advance: Callable[..., Subscription]
) -> None:
    """A credit, an invoice of an earlier subscription, a payment that fails: none of it makes the pages contradict."""
    found = subscribe(buyer)
    assert "No money was taken" not in words_of(client.get("/premium/?canceled=true"))
    Subscription.objects.update(credit_amount=2000)
    assert re.search(r"Next payment [^$]*\$9\.00", words_of(client.get(BILLING)))
    earlier = PremiumInvoice(user=buyer, customer=found.customer, stripe_invoice_id="in_before")
    for name in ("currency", "total_amount", "due_amount", "issued_at", "synced_at"):
        setattr(earlier, name, getattr(PremiumInvoice.objects.get(), name))
    earlier.status, earlier.attempt_count, earlier.stripe_subscription_id = "open", 4, "sub_before"
    earlier.save()
    assert "We couldn’t charge" not in words_of(client.get(BILLING))

    advance(found, payment="fails")
    depends = "or until .* if the open invoice is paid. Nothing is charged after that."
    assert re.search(depends, words_of(client.get(f"{BILLING}cancel/")))
    assert re.search(depends, words_of(client.post(f"{BILLING}cancel/", follow=True)))
    assert "at the latest" in words_of(client.get(BILLING))

    welcome = f"/premium/success?session_id={SubscriptionCheckout.objects.get().session_id}"
    assert "You have Premium" in words_of(client.get(welcome))
    Subscription.objects.update(status="canceled", ended_at=found.current_period_end)
    Entitlement.objects.all().delete()
    assert client.get(welcome)["Location"] == BILLING


@pytest.mark.parametrize(
    ("lines", "paid", "kept", "before"),
    [
        ((-2900, 29000), 26100, 0, 0),
        ((-29000, 2900), 0, 26100, 0),
        ((261,), 161, 0, -100),
        ((261,), 0, 239, -500),
    ],
)
def test_an_offer_adds_up(lines: tuple[int, ...], paid: int, kept: int, before: int) -> None:
    made = [{"description": "", "amount": amount} for amount in lines]
    assert OfferPage(PlanChange(lines=made, amount=paid, credit_amount=kept)).credit_before == before
