"""The list of events and the event page: what visitors see in every state, and at what cost."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from accounts.models import Organization, User
from connect.models import ConnectedAccount, FeeOverride, FeeTerms, PaymentSettings
from ticketing.models import Event, TicketType
from ticketing.tests.factories import EventFactory, TicketTypeFactory

Queries = Callable[[int], Any]


def page_of(client: Client, event: Event, query: str = "") -> str:
    response = client.get(f"/e/{event.slug}/{query}")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.fixture
def passed(event: Event) -> TicketType:
    """$50.00 face price, $54.58 for the buyer."""
    event.fee_absorption = "pass_to_buyer"
    event.save(update_fields=["fee_absorption"])
    return TicketTypeFactory(event=event, name="Supper seat")


def test_the_largest_price_is_what_the_buyer_pays(client: Client, event: Event, passed: TicketType) -> None:
    page = page_of(client, event)
    assert '<span class="ticket-row-price">$54.58</span>' in page
    assert "Includes $4.58 in fees" in page


def test_the_phones_bar_names_the_lowest_price_and_what_is_free(
    client: Client, event: Event, passed: TicketType
) -> None:
    assert '<div class="buy-bar-total">From $54.58</div>' in page_of(client, event)
    TicketTypeFactory(event=event, price_amount=0)
    assert '<div class="buy-bar-total">Free, or from $54.58</div>' in page_of(client, event)
    passed.delete()
    assert '<div class="buy-bar-total">Free</div>' in page_of(client, event)


def test_an_absorbed_fee_is_not_mentioned(client: Client, event: Event, general: TicketType) -> None:
    page = page_of(client, event)
    assert '<span class="ticket-row-price">$50.00</span>' in page
    assert "in fees" not in page


def test_an_anonymous_visitor_costs_at_most_three_queries(
    client: Client, event: Event, passed: TicketType, django_assert_max_num_queries: Queries
) -> None:
    TicketTypeFactory.create_batch(5, event=event)
    with django_assert_max_num_queries(3):
        page_of(client, event)


def test_a_page_that_has_not_changed_costs_one_query(
    client: Client, event: Event, passed: TicketType, django_assert_num_queries: Queries
) -> None:
    first = page_of(client, event)
    with django_assert_num_queries(1):
        assert page_of(client, event) == first


def change_event(event: Event) -> None:
    Event.objects.filter(pk=event.pk).update(title="Another title")


def change_organization(event: Event) -> None:
    Organization.objects.filter(pk=event.organization_id).update(name="Another name")


def change_account(event: Event) -> None:
    ConnectedAccount.objects.filter(organization=event.organization).update(detached_at=now())


def change_stock(event: Event) -> None:
    event.ticket_types.update(held=97)


def change_terms(event: Event) -> None:
    staff = {"reason": "A test", "created_by": None}
    FeeOverride.objects.create(organization=event.organization, percent=1, fixed_amount=10, **staff)


def change_absorption(event: Event) -> None:
    Event.objects.filter(pk=event.pk).update(fee_absorption=None)
    PaymentSettings.objects.create(organization=event.organization, fee_absorption="absorb")


def add_ticket_type(event: Event) -> None:
    TicketTypeFactory(event=event, name="One more")


def remove_ticket_type(event: Event) -> None:
    event.ticket_types.filter(name="Balcony").delete()


@pytest.mark.parametrize(
    "change",
    [
        change_event,
        change_organization,
        change_account,
        change_stock,
        change_terms,
        change_absorption,
        add_ticket_type,
        remove_ticket_type,
    ],
)
def test_whatever_changes_shows_at_once(
    client: Client,
    event: Event,
    passed: TicketType,
    change: Callable[[Event], None],
    django_assert_max_num_queries: Queries,
) -> None:
    TicketTypeFactory(event=event, name="Balcony")
    before = page_of(client, event)
    change(event)
    with django_assert_max_num_queries(3):
        after = page_of(client, event)
    assert after != before
    cache.clear()
    assert after == page_of(client, event)


def test_what_only_the_clock_changes_shows_at_once(client: Client, event: Event, passed: TicketType) -> None:
    ends_at = now() + timedelta(seconds=2)  # time enough for a busy machine to draw the page
    TicketType.objects.filter(pk=passed.pk).update(sales_end=ends_at)
    assert "Sales ended" not in page_of(client, event)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(extract(epoch FROM %s - clock_timestamp()) + 0.01)", [ends_at])
    assert "Sales ended" in page_of(client, event)


def test_the_kept_page_is_for_visitors_without_a_session_only(
    client: Client, event: Event, passed: TicketType, buyer: User
) -> None:
    assert "Sign in" in page_of(client, event)
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in page_of(client, event)
    client.force_login(buyer)
    assert "Sign out" in page_of(client, event)
    stranger = Client()
    assert "Sign out" not in page_of(stranger, event)
    assert "data-theme=" not in page_of(stranger, event)
    stranger.get(f"/e/{event.slug}/checkout/")
    assert "Choose at least one ticket." in page_of(stranger, event)
    assert "Choose at least one ticket." not in page_of(Client(), event)


def test_without_script_the_steppers_buttons_change_the_quantities(
    client: Client, event: Event, general: TicketType
) -> None:
    field = f"q-{general.public_id}"
    page = page_of(client, event, f"?{field}=2&add={general.public_id}")
    assert f'name="{field}" value="3"' in page
    assert "$150.00" in page
    assert f'name="{field}" value="0"' in page_of(client, event, f"?{field}=1&clear={general.public_id}")


def test_quantities_are_brought_within_what_one_order_may_have(
    client: Client, event: Event, general: TicketType
) -> None:
    field = f"q-{general.public_id}"
    for nonsense in ("-3", "abc", "1e9", "9" * 40, "²"):
        assert f'name="{field}" value="0"' in page_of(client, event, f"?{field}={nonsense}")
    assert f'name="{field}" value="10"' in page_of(client, event, f"?{field}=5000")


def test_a_sold_out_type_says_so(client: Client, event: Event, general: TicketType) -> None:
    TicketType.objects.filter(pk=general.pk).update(sold=100)
    page = page_of(client, event)
    assert "Sold out" in page
    assert "Continue to checkout" not in page


def test_the_events_own_capacity_counts_too(client: Client, event: Event, general: TicketType) -> None:
    Event.objects.filter(pk=event.pk).update(capacity=30, sold=28)
    assert 'max="2"' in page_of(client, event)


def test_few_left_is_said_only_when_it_is_true(client: Client, event: Event, general: TicketType) -> None:
    assert "Last" not in page_of(client, event)
    TicketType.objects.filter(pk=general.pk).update(sold=94)
    assert "Last 6" in page_of(client, event)


def test_sales_that_have_not_started_say_when_in_the_events_zone(
    client: Client, event: Event, general: TicketType
) -> None:
    start = (now() + timedelta(days=2)).replace(hour=17, minute=0)
    TicketType.objects.filter(pk=general.pk).update(sales_start=start)
    page = page_of(client, event)
    assert "Sales start on" in page
    assert re.search(r"Sales start on \w+ \d+ \w+ \d{4}, 1[12]:00 (am|pm) E[SD]T", page)


def test_sales_that_have_ended_say_so(client: Client, event: Event, general: TicketType) -> None:
    TicketType.objects.filter(pk=general.pk).update(sales_end=now() - timedelta(hours=1))
    assert "Sales ended" in page_of(client, event)


def test_an_organizer_without_stripe_sells_only_free_tickets(
    client: Client, organization: Organization
) -> None:
    event = EventFactory(organization=organization)
    TicketTypeFactory(event=event)
    page = page_of(client, event)
    assert "Tickets coming soon" in page
    assert "Continue to checkout" not in page
    TicketTypeFactory(event=event, name="Volunteer", price_amount=0)
    page = page_of(client, event)
    assert "Free tickets are available now" in page
    assert "Continue to checkout" in page


def test_a_flagged_organizers_sales_are_paused(client: Client, event: Event, general: TicketType) -> None:
    Organization.objects.filter(pk=event.organization_id).update(flagged_at=now())
    assert "Ticket sales are temporarily paused. Please try again later." in page_of(client, event)


def test_a_currency_without_terms_is_not_on_sale(client: Client, event: Event, general: TicketType) -> None:
    FeeTerms.objects.filter(currency="kwd").delete()
    Event.objects.filter(pk=event.pk).update(currency="kwd")
    assert "Tickets coming soon" in page_of(client, event)


def test_a_hidden_type_shows_to_whoever_has_its_link(
    client: Client, event: Event, general: TicketType
) -> None:
    hidden = TicketTypeFactory(event=event, name="Press", is_hidden=True)
    assert "Press" not in page_of(client, event)
    page = page_of(client, event, f"?ticket={hidden.public_id}")
    assert "Press" in page
    assert f'<input type="hidden" name="ticket" value="{hidden.public_id}">' in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "paused"}, "temporarily paused"),
        ({"status": "cancelled", "cancelled_at": now()}, "This event is cancelled"),
        (
            {"starts_at": now() - timedelta(days=2), "ends_at": now() - timedelta(days=1)},
            "This event has ended",
        ),
    ],
)
def test_an_event_that_sells_nothing_says_why(
    client: Client, event: Event, general: TicketType, fields: dict[str, Any], words: str
) -> None:
    Event.objects.filter(pk=event.pk).update(**fields)
    page = page_of(client, event)
    assert words in page
    assert "Continue to checkout" not in page


def test_a_draft_is_there_for_members_only(
    client: Client, event: Event, general: TicketType, scanner: User, stranger: User
) -> None:
    Event.objects.filter(pk=event.pk).update(status="draft")
    assert client.get(f"/e/{event.slug}/").status_code == 404
    client.force_login(stranger)
    assert client.get(f"/e/{event.slug}/").status_code == 404
    client.force_login(scanner)
    page = page_of(client, event)
    assert "Draft" in page
    assert "noindex" in page
    assert "ld+json" not in page


def test_a_missing_event_is_a_404_and_post_is_refused(client: Client, event: Event) -> None:
    assert client.get("/e/no-such-event/").status_code == 404
    assert client.post(f"/e/{event.slug}/").status_code == 405


def test_search_engines_read_the_all_in_price(client: Client, event: Event, passed: TicketType) -> None:
    event.title = "Night </script> & <Day>"
    event.save(update_fields=["title"])
    page = client.get(f"/e/{event.slug}/").content.decode()
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    data = json.loads(blocks[0])
    assert data["name"] == "Night </script> & <Day>"
    assert data["offers"][0]["price"] == "54.58"
    assert data["offers"][0]["priceCurrency"] == "USD"


def test_markdown_cannot_bring_script_or_style(client: Client, event: Event, general: TicketType) -> None:
    Event.objects.filter(pk=event.pk).update(
        description="**Bold** <script>alert(1)</script> [x](javascript:alert(1)) <b style='color:red'>y</b>"
    )
    page = page_of(client, event)
    prose = page[page.index('<div class="prose">') :]
    assert "<strong>Bold</strong>" in prose
    assert "<script>alert" not in page
    assert 'href="javascript' not in prose
    assert not re.search(r"<[^>]+\sstyle=", prose)


def test_the_policy_allows_what_the_page_needs(client: Client, event: Event, general: TicketType) -> None:
    response = client.get(f"/e/{event.slug}/")
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    page = response.content.decode()
    assert not re.search(r"<style|\son\w+=|\sstyle=", page)
    scripts = re.findall(r"<script([^>]*)>", page)
    assert all("src=" in attributes or "ld+json" in attributes for attributes in scripts)
