"""Who hears of sales: by role, by choice, and by the link in the mail."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization, Role, User
from accounts.tests.factories import MembershipFactory
from notifications.models import MailChoice, Message
from notifications.services.choices import unsubscribe_url
from notifications.services.members import tell_members, tell_sellers

pytestmark = pytest.mark.django_db
PAGE = "/account/notifications/"


@pytest.fixture
def admin(organization: Organization, organizer: User, manager: User, scanner: User, stranger: User) -> User:
    """ADMIN of Harbour Arts, which has one of each role."""
    return MembershipFactory(
        organization=organization, role=Role.ADMIN, user__email="admin@arts.example"
    ).user


def told(tell: Any, organization: Organization) -> set[str]:
    Message.objects.all().delete()
    for _again in range(2):
        tell("new_ticket_sale", organization_id=organization.pk, key="new_ticket_sale:M-1", ids={"order": 1})
    found = list(Message.objects.values_list("to", flat=True))
    assert len(found) == len(set(found))
    return set(found)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def path_of(member: User) -> str:
    return unsubscribe_url(Membership.objects.get(user=member).pk).removeprefix("http://testserver")


def test_owners_and_admins_hear_of_each_sale_and_others_if_they_ask(
    organization: Organization, organizer: User, admin: User, manager: User
) -> None:
    assert told(tell_sellers, organization) == {organizer.email, admin.email}
    assert told(tell_members, organization) == {organizer.email, admin.email}
    wishes = {organizer: "never", admin: "daily", manager: "each"}
    for user, sales in wishes.items():
        membership = Membership.objects.get(user=user)
        answer = signed_in(user).post(PAGE, {f"sales_{membership.pk}": sales}, follow=True)
        assert b"Saved." in answer.content
    assert told(tell_sellers, organization) == {manager.email}
    assert told(tell_members, organization) == {organizer.email, admin.email}


def test_the_page_takes_ones_own_memberships_and_known_answers_only(
    organizer: User, manager: User, scanner: User, django_assert_max_num_queries: Any
) -> None:
    client, others = signed_in(organizer), Membership.objects.get(user=manager)
    own = Membership.objects.get(user=organizer)
    for body in ({f"sales_{others.pk}": "each"}, {f"sales_{own.pk}": "hourly"}, {}):
        assert b"There is a problem" in client.post(PAGE, {"next": "", **body}).content
    assert not MailChoice.objects.exists()
    with django_assert_max_num_queries(8):
        assert b"Harbour Arts" in client.get(PAGE).content
    assert b"Nothing to choose" in signed_in(scanner).get(PAGE).content
    assert Client().get(PAGE).status_code == 302


def test_the_link_in_the_mail_asks_a_person_and_obeys_a_mail_program(
    organization: Organization, organizer: User, admin: User
) -> None:
    path, client = path_of(organizer), Client(enforce_csrf_checks=True)
    page = client.get(path)
    assert b"Stop these emails" in page.content
    assert told(tell_sellers, organization) == {organizer.email, admin.email}  # opening it changes nothing
    one_click = {"List-Unsubscribe": "One-Click"}
    for _again in range(2):
        assert b"You get no more emails about sales" in client.post(path, one_click).content
    assert told(tell_sellers, organization) == {admin.email}
    for made_up in ("1", path.split("/")[2].replace(":", ":x"), f"{10**30}:abc"):
        assert client.post(f"/unsubscribe/{made_up}/", one_click).status_code == 404
    Membership.objects.filter(user=organizer).delete()
    assert client.get(path).status_code == 404
