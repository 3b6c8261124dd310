"""The ticket types' pages: prices in words, the Stripe banner, the form, and the list's buttons."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Organization, User
from connect.models import ConnectedAccount, PaymentSettings
from ticketing.models import Event, TicketType
from ticketing.tests.factories import EventFactory, TicketTypeFactory

pytestmark = pytest.mark.django_db
LIST = "/dashboard/events/night-market/tickets/"
FORM = {"name": "Supper seat", "price_amount": "50", "capacity": "40"}
# What Stripe says of an account, for each state in which paid tickets wait.
ACCOUNTS: dict[str, dict[str, Any]] = {
    "onboarding": {"details_submitted": False},
    "under_review": {"charges_enabled": False, "requirements": {"disabled_reason": "under_review"}},
    "restricted": {"charges_enabled": False, "requirements": {"currently_due": ["external_account"]}},
    "rejected": {"charges_enabled": False, "requirements": {"disabled_reason": "rejected.fraud"}},
    "disconnected": {"detached_at": now()},
}


@pytest.fixture
def client(organizer: User) -> Client:
    client = Client()
    client.force_login(organizer)
    return client


@pytest.fixture
def draft(organization: Organization) -> Event:
    PaymentSettings.objects.create(organization=organization, fee_absorption="pass_to_buyer")
    return EventFactory(
        organization=organization,
        slug="night-market",
        status=Event.Status.DRAFT,
        timezone="Europe/London",
    )


def form_of(client: Client, ticket_type: TicketType) -> dict[str, Any]:
    """What a browser would send of a ticket type's form as it stands."""
    form = client.get(f"{LIST}{ticket_type.public_id}/").context["form"]
    return {field.name: field.value() for field in form if field.value()}


def text_of(client: Client, path: str = LIST) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(path).content.decode()))


def test_three_fields_make_a_ticket_type(client: Client, draft: Event) -> None:
    form = client.get(f"{LIST}new/").context["form"]
    assert [field.name for field in form if field.field.required] == ["name", "price_amount", "capacity"]
    assert client.post(f"{LIST}new/", FORM)["Location"] == LIST
    made = TicketType.objects.get()
    assert (made.price_amount, made.capacity) == (5000, 40)
    assert (made.min_per_order, made.max_per_order, made.is_hidden) == (1, 10, False)
    assert "Buyers see $54.58. You receive $50.00." in text_of(client)


def test_more_options_are_saved_on_the_events_clock(client: Client, draft: Event) -> None:
    more = {
        "description": "Five courses.",
        "sales_start": "2026-07-01T09:00",
        "sales_end": "2026-07-02T09:00",
        "min_per_order": "2",
        "max_per_order": "20",
        "is_hidden": "on",
    }
    client.post(f"{LIST}new/", {**FORM, **more})
    made = TicketType.objects.get()
    assert made.sales_start
    assert made.sales_start.isoformat() == "2026-07-01T08:00:00+00:00"
    assert (made.min_per_order, made.max_per_order, made.description) == (2, 20, "Five courses.")
    page = client.get(LIST).content.decode()
    assert f"/e/night-market/?ticket={made.public_id}" in page
    edit = client.get(f"{LIST}{made.public_id}/").content.decode()
    assert 'value="2026-07-01T09:00"' in edit
    assert 'class="disclosure disclosure-card" open' in edit


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("25", 2500), ("25.5", 2550), ("$25.00", 2500), ("1,250.00", 125000), ("0", 0), (" 12.00 ", 1200)],
)
def test_prices_are_read_as_people_write_them(client: Client, draft: Event, typed: str, amount: int) -> None:
    client.post(f"{LIST}new/", {**FORM, "price_amount": typed})
    assert TicketType.objects.get().price_amount == amount


@pytest.mark.parametrize(
    "typed", ["", "-1", "12,50", "1e5", "1e999999999", "25.001", "٢٥", "NaN", "x", "9" * 40, "1,2,3"]
)
def test_what_is_no_price_is_refused_in_words(client: Client, draft: Event, typed: str) -> None:
    answer = client.post(f"{LIST}new/", {**FORM, "price_amount": typed})
    assert "Enter a price" in answer.content.decode()
    assert 'value="Supper seat"' in answer.content.decode()
    assert not TicketType.objects.exists()


def test_a_price_below_its_fees_says_the_least_that_works(client: Client, draft: Event) -> None:
    Event.objects.update(fee_absorption="absorb")
    words = re.compile(r"The price must be at least \$\d+\.\d\d, fees are \$\d+\.\d\d\.")
    answer = client.post(f"{LIST}new/", {**FORM, "price_amount": "0.50"})
    assert words.search(answer.content.decode())
    assert not TicketType.objects.exists()
    live = client.get(f"{LIST}price/", {"price": "0.50"}).json()
    assert words.match(live["words"])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("capacity", "0", "greater than or equal to 1"),
        ("capacity", "", "Enter how many"),
        ("name", "", "Give the ticket a name"),
        ("name", "x" * 81, "at most 80"),
        ("max_per_order", "1000", "less than or equal to 100"),
        ("sales_end", "2026-07-01T08:00", "Sales must end after they start"),
        ("sales_start", "2030-03-31T01:30", "The clocks skip this hour"),
        ("price_amount", "9999999", "more than can be charged"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    client: Client, draft: Event, name: str, value: str, words: str
) -> None:
    given = {**FORM, "sales_start": "2026-07-01T09:00", "min_per_order": "3", name: value}
    page = client.post(f"{LIST}new/", given).content.decode()
    assert words in page
    assert not TicketType.objects.exists()


def test_the_line_under_the_price_is_the_servers_before_and_after_saving(
    client: Client, draft: Event
) -> None:
    words = "Buyers see $54.58. You receive $50.00."
    assert client.get(f"{LIST}price/", {"price": "50"}).json()["words"] == words
    assert client.get(f"{LIST}price/", {"price": "0"}).json()["words"].startswith("Free.")
    assert client.get(f"{LIST}price/", {"price": "fifty"}).json() == {"words": "", "is_problem": True}
    preview = client.post(f"{LIST}new/", {"price_amount": "50", "preview": "1"}).content.decode()
    assert words in preview
    assert "There is a problem" not in preview
    no_price = client.post(f"{LIST}new/", {"price_amount": "fifty", "preview": "1"}).content.decode()
    assert "Enter a price such as $25.00" in no_price
    assert 'value="fifty"' in no_price
    assert not TicketType.objects.exists()


def test_paid_types_ask_for_stripe_and_free_ones_do_not(client: Client, draft: Event, manager: User) -> None:
    words = "Connect your Stripe account to start selling tickets"
    free = TicketTypeFactory(event=draft, price_amount=0)
    assert words not in text_of(client)
    TicketType.objects.filter(pk=free.pk).update(price_amount=5000)
    assert words in text_of(client)
    assert "Connect with Stripe" in text_of(client)
    colleague = Client()
    colleague.force_login(manager)
    assert "An owner or admin of your organization can do it." in text_of(colleague)
    assert "Connect with Stripe" not in text_of(colleague)


@pytest.mark.parametrize(
    ("state", "words", "button"),
    [
        ("onboarding", "Finish at Stripe to start selling tickets", "Finish in Stripe"),
        ("under_review", "Nothing to do: Stripe usually answers within 2 days", "Payment settings"),
        ("restricted", "Paid tickets wait until Stripe has what it asks for", "See what is missing"),
        ("rejected", "Stripe doesn’t accept your account", "Payment settings"),
        ("disconnected", "Connect your Stripe account to start selling tickets", "Connect again"),
    ],
)
def test_what_stripe_waits_for_is_said_as_it_is(
    client: Client,
    connected_organization: Organization,
    draft: Event,
    state: str,
    words: str,
    button: str,
) -> None:
    TicketTypeFactory(event=draft)
    ConnectedAccount.objects.update(**ACCOUNTS[state])
    assert words in (page := text_of(client))
    assert button in page


def test_the_link_of_a_hidden_type_sells_it(client: Client, draft: Event, settings: Any) -> None:
    Event.objects.filter(pk=draft.pk).update(status=Event.Status.PUBLISHED)
    hidden = TicketTypeFactory(event=draft, name="Press", price_amount=0, is_hidden=True)
    link = re.search(rf'value="{settings.SITE_URL}([^"]+)"', client.get(LIST).content.decode())
    assert link
    buyer = Client()
    assert "Press" not in buyer.get(f"/e/{draft.slug}/").content.decode()
    assert "Press" in buyer.get(link[1]).content.decode()
    cart = {"ticket": hidden.public_id, f"q-{hidden.public_id}": "2", "email": "p@example.com", "name": "Pat"}
    buyer.post(f"/e/{draft.slug}/checkout/", cart)
    assert hidden.order_lines.get().order.status == "paid"


def test_with_stripe_ready_nothing_is_asked(
    client: Client, connected_organization: Organization, draft: Event
) -> None:
    TicketTypeFactory(event=draft)
    assert "Connect your Stripe account" not in text_of(client)


def test_types_are_moved_stopped_started_and_removed(client: Client, draft: Event) -> None:
    first, second = (TicketTypeFactory(event=draft, name=name) for name in ("First", "Second"))
    client.post(f"{LIST}{second.public_id}/move/", {"up": "1"})
    assert list(TicketType.objects.values_list("name", flat=True)) == ["Second", "First"]
    stop = f"{LIST}{first.public_id}/stop/"
    page = client.post(stop, follow=True).content.decode()
    assert "First is no longer sold." in page
    assert "Start selling again" in page
    client.post(stop, {"start": "1"})
    assert not TicketType.objects.filter(stopped_at__isnull=False).exists()
    client.post(f"{LIST}{first.public_id}/remove/")
    assert list(TicketType.objects.values_list("name", flat=True)) == ["Second"]


def test_what_was_ordered_is_not_offered_for_removal_and_not_removed(
    client: Client, event: Event, general: TicketType, sell: Callable[..., Any]
) -> None:
    sell((general, 1))
    assert "Remove" not in text_of(client)
    answer = client.post(f"{LIST}{general.public_id}/remove/", follow=True)
    assert "Stop selling it instead." in answer.content.decode()
    assert TicketType.objects.exists()


def test_a_capacity_below_what_is_sold_is_refused(
    client: Client, event: Event, general: TicketType, sell: Callable[..., Any]
) -> None:
    sell((general, 3))
    given = form_of(client, general) | {"capacity": "2"}
    page = client.post(f"{LIST}{general.public_id}/", given).content.decode()
    assert "3 tickets are sold or held." in page


def test_another_events_type_is_not_there(client: Client, draft: Event) -> None:
    other = TicketTypeFactory()
    for path in ("", "move/", "stop/", "remove/"):
        assert client.post(f"{LIST}{other.public_id}/{path}", FORM).status_code == 404
    assert TicketType.objects.get() == other


def test_the_second_of_two_who_edit_a_ticket_is_told(client: Client, draft: Event) -> None:
    ticket_type = TicketTypeFactory(event=draft)
    path = f"{LIST}{ticket_type.public_id}/"
    mine = form_of(client, ticket_type)
    client.post(path, {**mine, "price_amount": "60"})
    answer = client.post(path, {**mine, "price_amount": "50", "name": "Mine"})
    page = answer.content.decode()
    assert "Somebody else changed this ticket" in page
    assert "<dt>Price</dt><dd>60.00</dd>" in page
    assert "<dt>Quantity</dt>" not in page
    assert TicketType.objects.get().price_amount == 6000
    again = {**mine, "name": "Mine", "version": answer.context["form"]["version"].value()}
    assert client.post(path, again).status_code == 302
    assert (TicketType.objects.get().price_amount, TicketType.objects.get().name) == (5000, "Mine")


def test_a_sale_in_between_is_no_change_of_the_ticket(
    client: Client, event: Event, general: TicketType, sell: Callable[..., Any]
) -> None:
    mine = form_of(client, general)
    sell((general, 1))
    assert client.post(f"{LIST}{general.public_id}/", {**mine, "capacity": "50"}).status_code == 302
    assert TicketType.objects.get().capacity == 50
