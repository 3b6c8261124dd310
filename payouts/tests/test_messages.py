"""The seven messages of 004 §6.1: each trigger, driven through Stripe, puts one mail into the right mailboxes."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Organization, Role, User
from accounts.tests.factories import MembershipFactory
from connect import gateway
from connect.models import StripeEvent
from connect.services.accounts import start_onboarding
from notifications.models import Message
from payouts.services.payouts import Reading, record_payout
from payouts.tests.conftest import control
from ticketing.services.refunds import request_refund

pytestmark = pytest.mark.django_db
OWNER, ADMIN, BUYER = "organizer@example.com", "admin-of-arts@example.com", "ada@example.com"


@pytest.fixture(autouse=True)
def _mailbox(
    settings: Any, organization: Organization, organizer: User, manager: User, scanner: User
) -> None:
    """Mail goes to the demo's mailbox. Harbour Arts has an owner, an admin, a manager, a scanner, and one who left."""
    settings.EMAIL_BACKEND = "notifications.mailbox.MailboxBackend"
    MembershipFactory(organization=organization, role=Role.ADMIN, user__email=ADMIN)
    MembershipFactory(organization=organization, user__email="gone@example.com", user__is_active=False)


@pytest.fixture
def happens(sandbox: Any, settle: Callable[[], None]) -> Callable[..., Any]:
    """Something happens at Stripe; everything settles, and then all of its events come once more, newest first."""

    def run(path: str, **body: Any) -> Any:
        known = set(StripeEvent.objects.values_list("event_id", flat=True))
        answer = control(sandbox, path, **body)
        settle()
        fresh = StripeEvent.objects.exclude(event_id__in=known)
        fresh.update(status=StripeEvent.Status.RECEIVED, attempts=0)
        settle()
        return answer

    return run


def mails(kind: str) -> list[dict[str, Any]]:
    return [mail for mail in Client().get("/dev/mailbox.json").json() if mail["kind"] == kind]


def the_mails(kind: str, to: list[str], *facts: str) -> None:
    """One mail of the kind for each of these people and for nobody else, with the facts in its text and its HTML."""
    found = mails(kind)
    assert sorted(address for mail in found for address in mail["to"]) == sorted(to)
    for mail in found:
        for fact in facts:
            assert fact in mail["text"], mail["text"]
            assert fact in mail["html"].replace("&#x27;", "'"), mail["html"]
    assert not Message.objects.exclude(state="sent").exists()


def test_an_account_is_verified_restricted_and_verified_again(
    organization: Organization, organizer: User, happens: Callable[..., Any]
) -> None:
    account, _link = start_onboarding(organization, actor=organizer)
    path = f"accounts/{account.stripe_account_id}"
    happens(path, outcome="under_review")
    assert not mails("stripe_connected") + mails("stripe_restricted")
    happens(path, outcome="verified")
    for due in (["individual.dob.day"], []):  # account.updated, and nothing that matters has changed
        happens(path, requirements={"eventually_due": due})
    said = "Your payment account is verified. You can now sell tickets."
    the_mails("stripe_connected", [OWNER, ADMIN], said, "Harbour Arts")
    assert not mails("stripe_restricted")

    happens(path, outcome="past_due")
    said = "Action required: Your payment account needs attention."
    the_mails("stripe_restricted", [OWNER, ADMIN], said, "Paused", "Stripe needs")
    happens(path, outcome="verified")
    happens(path, outcome="past_due")
    the_mails("stripe_connected", [OWNER, ADMIN] * 2)
    the_mails("stripe_restricted", [OWNER, ADMIN] * 2)
    assert len({mail["message_id"] for mail in mails("stripe_restricted")}) == 4


def test_a_sale_and_its_refund_tell_buyer_and_organizer(
    sell: Callable[..., Any], organizer: User, settle: Callable[[], None]
) -> None:
    order = sell(2)
    codes = [f"{code[:5]}-{code[5:]}" for code in order.tickets.values_list("code", flat=True)]
    facts = [order.code, "Night Market", "The Old Ropeworks", "$100.00", *codes]
    the_mails("ticket_confirmation", [BUYER], *facts)
    attached = {(one["type"], one["name"]) for one in mails("ticket_confirmation")[0]["attachments"]}
    tickets = {("image/png", f"ticket-{ticket.code}.png") for ticket in order.tickets.all()}
    papers = {("text/calendar", "night-market.ics"), ("application/pdf", f"tickets-{order.code}.pdf")}
    assert attached == tickets | papers
    (mail,) = mails("ticket_confirmation")
    data = json.loads(mail["html"].split('<script type="application/ld+json">')[1].split("</script>")[0])
    assert (data["@type"], data["reservationNumber"], data["numSeats"]) == ("EventReservation", order.code, 2)
    said = "You sold 2 tickets for Night Market. Revenue: $91.30"
    the_mails("new_ticket_sale", [OWNER, ADMIN], said, "Ada Obi", order.code)

    request_refund(order, actor=organizer, reason="Rain")
    settle()
    the_mails("refund_confirmation", [BUYER], "$100.00", order.code, "Rain")
    the_mails("ticket_confirmation", [BUYER])
    the_mails("new_ticket_sale", [OWNER, ADMIN])


def test_a_payout_that_we_hear_of_weeks_later_is_no_news(
    account: Any, fund: Callable[..., None], pay_out: Callable[..., str]
) -> None:
    fund()
    seen = gateway.retrieve_payout(account.stripe_account_id, pay_out())
    old = replace(seen, created_at=now() - timedelta(days=15))
    assert record_payout(account, Reading(seen=old, asked_at=now())).status == "paid"
    assert not Message.objects.filter(kind="payout_sent").exists()


@pytest.mark.parametrize(("days_ago", "told"), [(0, 2), (15, 0)])
def test_a_payout_that_fails_weeks_after_it_was_made_is_news_by_the_day_of_its_failure(
    days_ago: int,
    told: int,
    account: Any,
    sandbox: Any,
    fund: Callable[..., None],
    pay_out: Callable[..., str],
) -> None:
    fund()
    payout_id = pay_out()
    control(sandbox, f"payouts/{payout_id}", outcome="failed", failure_code="account_closed")
    seen = gateway.retrieve_payout(account.stripe_account_id, payout_id)
    old, failed = now() - timedelta(days=16), now() - timedelta(days=days_ago)
    late = replace(seen, created_at=old, failed_at=failed)
    assert record_payout(account, Reading(seen=late, asked_at=now())).status == "failed"
    assert Message.objects.filter(kind="payout_failed", channel="mail").count() == told


def test_a_payout_that_arrives_and_then_fails_is_told_twice(
    account: Any, sell: Callable[..., Any], happens: Callable[..., Any]
) -> None:
    sell()
    payout = happens("payouts", account=account.stripe_account_id, outcome="paid")
    said = "Payout of $45.50 is on its way to your bank account"
    the_mails("payout_sent", [OWNER, ADMIN], said, "Harbour Arts")
    assert not mails("payout_failed")
    happens(f"payouts/{payout['id']}", outcome="failed", failure_code="account_closed")
    the_mails("payout_sent", [OWNER, ADMIN])
    said = "Payout of $45.50 failed. Please update your bank details."
    the_mails("payout_failed", [OWNER, ADMIN], said, "The bank account has been closed.")
