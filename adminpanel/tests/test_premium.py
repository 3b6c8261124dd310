"""Staff's page of Premium: recurring revenue, who left, what failed, and every subscription."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import Entitlement, User
from accounts.tests.factories import UserFactory
from adminpanel.selectors.premium import PAGE_SIZE, premium_page
from premium.models import Customer, Subscription
from premium.tests.conftest import advance, pay_session, prices, subscribe  # noqa: F401

pytestmark = pytest.mark.django_db
PAGE = "/admin/premium/"


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def plant(count: int, **fields: Any) -> list[Subscription]:
    """Subscriptions as rows alone."""
    made = []
    for _number in range(count):
        user = UserFactory()
        customer = Customer.objects.create(
            user=user, stripe_customer_id=f"cus_{user.pk}", idempotency_key=f"key-{user.pk}"
        )
        given = {
            "status": "active",
            "subscription_type": "monthly",
            "amount": 2900,
            "started_at": now() - timedelta(days=100),
            **fields,
        }
        row = Subscription.objects.create(
            user=user,
            customer=customer,
            stripe_subscription_id=f"sub_{user.pk}",
            stripe_customer_id=customer.stripe_customer_id,
            item_id="si_1",
            price_id="price_1",
            currency="usd",
            current_period_start=now() - timedelta(days=10),
            current_period_end=now() + timedelta(days=20),
            synced_at=now(),
            **given,
        )
        made.append(row)
    return made


def test_what_it_brings_each_month_and_who_left(db: None) -> None:
    assert premium_page().is_first_use
    plant(2)
    plant(1, subscription_type="yearly", amount=29000, cancel_at_period_end=True)
    plant(1, status="past_due")
    plant(1, status="trialing")
    plant(1, is_extra=True)
    plant(3, status="canceled", ended_at=now() - timedelta(days=5))
    plant(1, status="canceled", ended_at=now() - timedelta(days=31))
    plant(1, status="incomplete_expired", ended_at=now() - timedelta(days=5))
    page = premium_page()
    (figures,) = page.figures
    assert (figures.monthly, figures.yearly, figures.ending) == (3, 1, 1)
    assert figures.recurring_amount == 3 * 2900 + 2417  # a twelfth of $290.00, rounded half up
    assert figures.ending_amount == 2417
    assert (page.churn.ended, page.churn.of, page.churn.percent) == (3, 8, None)
    assert {name: count for name, _words, count in page.states} == {
        "active": 2,
        "ending": 1,
        "trialing": 1,
        "past_due": 1,
        "incomplete": 0,
        "ended": 5,
    }
    plant(12)
    assert premium_page().churn.percent == 15


def test_revenue_is_the_ledgers_and_a_failed_payment_is_told(
    desk: Client,
    buyer: User,
    subscribe: Callable[..., Subscription],  # noqa: F811
    advance: Callable[..., Subscription],  # noqa: F811
) -> None:
    advance(subscribe(buyer), payment="fails")
    page = desk.get(PAGE).content.decode()
    for words in ("1 invoice is still to be paid", "$29.00", "buyer@example.com", "Payment failed"):
        assert words in page
    Entitlement.objects.update(until=now() - timedelta(days=1))
    assert "Off already" in desk.get(PAGE).content.decode()
    Subscription.objects.update(status="canceled", ended_at=now())
    Entitlement.objects.all().delete()
    assert premium_page().failing_count == 0  # nobody asks for it any more
    figures = premium_page().figures[0]
    assert (figures.this_month_amount, figures.last_month_amount, figures.all_amount) == (2900, 0, 2900)


def test_the_list_is_narrowed_searched_and_paged_by_the_same_number_of_queries(desk: Client) -> None:
    plant(2)

    def count(query: str = "") -> int:
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(f"{PAGE}{query}").status_code == 200
        return len(seen)

    desk.get(PAGE)
    few = count()
    everybody = [row.pk for row in plant(PAGE_SIZE + 5)]
    assert count() == few
    assert few <= 15
    first = desk.get(PAGE).context["list"]
    assert [row.subscription.pk for row in first.rows] == everybody[::-1][:PAGE_SIZE]
    second = desk.get(f"{PAGE}?{first.older_query}").context["list"]
    assert (len(second.rows), second.older) == (7, "")
    assert desk.get(f"{PAGE}?{second.newer_query}").context["list"].rows[0].subscription.pk == everybody[-1]
    (one,) = plant(1, status="unpaid")
    for query in (f"q={one.user.email}", f"q={one.stripe_subscription_id}", "status=past_due"):
        found = desk.get(f"{PAGE}?{query}").context["list"].rows
        assert [row.subscription.pk for row in found] == [one.pk]
    assert "No subscription matches." in desk.get(f"{PAGE}?q=nobody&before=x&after=-1").content.decode()
