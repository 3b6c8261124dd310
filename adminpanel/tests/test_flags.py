"""Flagging in the cockpit: the effect first, then why; sales stop, what is held may be paid, and no longer."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, User
from accounts.services.flags import flag_organization
from accounts.tests.factories import PASSWORD
from maly.tests.house import House
from ticketing.errors import SalesHalted
from ticketing.models import Payment
from ticketing.services.checkout import resume_checkout
from ticketing.services.renewal import keep_holding
from ticketing.tests.factories import EventFactory, TicketTypeFactory

ONE = "/admin/organizations/harbour-arts/"


def test_a_flag_is_explained_given_a_reason_and_taken_back(
    organization: Organization, organizer: User, staff: User
) -> None:
    EventFactory(organization=organization, published_at=timezone.now())
    client = Client()
    client.force_login(staff)
    asked = client.post(f"{ONE}flag/", {"reason": "Many disputes"})
    assert asked["Location"].startswith("/account/reauthenticate/")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get(f"{ONE}flag/").content.decode()
    assert "1 event is on sale now." in page
    assert "No buyer is on Stripe’s page" in page
    assert "There is a problem" in client.post(f"{ONE}flag/", {"reason": ""}).content.decode()
    for _twice in range(2):
        assert client.post(f"{ONE}flag/", {"reason": "Many disputes"}).status_code == 302
    organization.refresh_from_db()
    assert organization.flag_reason == "Many disputes"
    assert b"Many disputes" in client.get(ONE).content
    seller = Client()
    seller.force_login(organizer)
    home = seller.get("/dashboard/").content.decode()
    assert "We have paused your sales" in home
    assert "Many disputes" not in home
    assert b"flagged already" in client.get(f"{ONE}flag/").content
    assert client.post(f"{ONE}unflag/", {"reason": "Explained"}).status_code == 302
    organization.refresh_from_db()
    assert not organization.is_flagged
    assert "isn’t flagged" in client.get(f"{ONE}unflag/").content.decode()


@pytest.fixture
def house(organization: Organization, organizer: User, sandbox, settle) -> House:
    from conftest import connect_to_stripe

    connect_to_stripe(organization, organizer, sandbox)
    return House(organization, organizer, sandbox, settle)


def test_what_is_held_may_be_paid_but_not_held_longer_nor_begun_again(house: House, staff: User) -> None:
    ticket_type = TicketTypeFactory(event=EventFactory(organization=house.organization))
    first, second = house.check_out(ticket_type, 1), house.check_out(ticket_type, 1)
    Payment.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    flag_organization(house.organization, actor=staff, reason="Many disputes")
    with pytest.raises(SalesHalted):
        house.check_out(ticket_type, 1)
    first.refresh_from_db()
    assert keep_holding(first) == Payment.objects.get(order=first).expires_at
    Payment.objects.filter(order=second).update(status=Payment.Status.FAILED)
    with pytest.raises(SalesHalted):
        resume_checkout(second)
    house.control(f"checkout/{Payment.objects.get(order=first).session_id}/pay")
    house.settle()
    first.refresh_from_db()
    assert first.status == "paid"


def test_nobody_enters_without_a_second_factor_where_one_is_asked_for(
    organization: Organization, staff: User, settings
) -> None:
    settings.MFA_REQUIRED = True
    client = Client()
    client.force_login(staff)
    for path in ("/admin/organizations/", f"{ONE}flag/", "/admin/audit/", "/admin/settings/fees/new/"):
        assert client.get(path)["Location"] == "/account/2fa/"
    for path in ("organizations", "organizations/harbour-arts"):
        assert client.get(f"/api/admin/{path}").status_code == 403
