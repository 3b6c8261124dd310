"""The pages of one's organizations, and the page behind an invitation's link."""

from collections.abc import Callable

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, Membership, Organization, Role, User
from accounts.services.invitations import invite_member
from accounts.tests.factories import PASSWORD, MembershipFactory
from accounts.tests.test_invitations import token_in

SignIn = Callable[[User | None], Client]
LIST, NEW, CHOOSE, ALONE = (
    "/dashboard/organizations/",
    "/dashboard/organizations/new/",
    "/dashboard/organizations/choose/",
    "/dashboard/organizations/personal/",
)


def test_somebody_new_answers_one_question_and_stands_before_their_first_event(
    person: User, signed_in: SignIn
) -> None:
    client = signed_in(person)
    page = client.get("/dashboard/").content.decode()
    for words in (
        "Welcome, Ada",
        "Buyers see Ada Obi as the organizer.",
        "Fees: 3% of each paid ticket.",
        "Fees: 4% + $0.75 per paid ticket, and card processing.",
    ):
        assert words in page
    response = client.post(NEW, {"name": "Harbour Arts"}, follow=True)
    assert response.redirect_chain[-1][0] == "/dashboard/"
    for words in ("Harbour Arts is ready. You own it.", "Set up your first event"):
        assert words in response.content.decode()
    assert Membership.objects.get(user=person).role == Role.OWNER


@pytest.mark.parametrize(
    ("own", "typed", "name", "slug"),
    [
        ("Ada Obi", "", "Ada Obi", "ada-obi"),
        ("", "Ada’s Suppers", "Ada’s Suppers", "adas-suppers"),
        ("", "x\x00", "ada", "ada"),
        ("", "", "ada", "ada"),
    ],
)
def test_selling_alone_is_one_press(
    person: User, signed_in: SignIn, own: str, typed: str, name: str, slug: str
) -> None:
    User.objects.filter(pk=person.pk).update(name=own)
    person.refresh_from_db()
    client = signed_in(person)
    assert ("What buyers see as the organizer." in client.get("/dashboard/").content.decode()) is not bool(
        own
    )
    for _time in range(2):
        page = client.post(ALONE, {"name": typed}, follow=True).content.decode()
    assert "Set up your first event" in page
    made = Organization.objects.get(host=person)
    assert (made.name, made.slug) == (name, slug)


@pytest.mark.parametrize(
    ("name", "slug", "words"),
    [
        ("", "", "This field is required."),
        ("Arts", "harbour-arts", "already exists"),
        ("Arts", "No Way", "Enter a valid"),
        ("x" * 121, "", "at most 120 characters"),
        ("Arts", "Upper", "lower-case"),
    ],
)
def test_a_bad_form_keeps_what_was_typed_and_makes_nothing(
    person: User, organization: Organization, signed_in: SignIn, name: str, slug: str, words: str
) -> None:
    page = signed_in(person).post(NEW, {"name": name, "slug": slug}).content.decode()
    assert words in page
    assert f'value="{slug}"' in page or not slug
    assert Organization.objects.count() == 1


def test_choosing_where_to_work_stays_chosen(
    organizer: User, organization: Organization, signed_in: SignIn
) -> None:
    MembershipFactory(
        user=organizer, role=Role.SCANNER, organization__name="Night Market", organization__slug="night"
    )
    client = signed_in(organizer)
    assert "Harbour Arts" in client.get("/dashboard/team/").content.decode()
    page = client.post(CHOOSE, {"organization": "night"}, follow=True).content.decode()
    assert "You now work in Night Market." in page
    assert "Who works in Night Market" in client.get("/dashboard/team/").content.decode()
    assert "Night Market" in client.get(LIST).content.decode()


def test_the_switcher_is_there_for_members_of_several_and_lists_the_others(
    organizer: User, organization: Organization, signed_in: SignIn
) -> None:
    client = signed_in(organizer)
    assert "Switch organization" not in client.get("/dashboard/team/").content.decode()
    MembershipFactory(user=organizer, role=Role.SCANNER, organization__name="Night Market")
    MembershipFactory(organization__name="Of others")
    page = client.get("/dashboard/team/").content.decode()
    switcher = page[page.index("<details") : page.index("</details>")]
    for words in ("Harbour Arts", "Owner · Team", "Night Market", "Scanner · Team", "New organization"):
        assert words in switcher
    assert "Of others" not in page


@pytest.mark.parametrize(
    ("role", "left", "found"),
    [
        (Role.MANAGER, "/dashboard/orders/", "/dashboard/orders/"),
        (Role.MANAGER, "/dashboard/events/the-others-event/edit/", "/dashboard/events/"),
        (Role.ADMIN, "/dashboard/settings/profile/", "/dashboard/settings/profile/"),
        (Role.MANAGER, "/dashboard/settings/payments/", "/dashboard/"),
        (Role.SCANNER, "/dashboard/orders/M-0000000/", "/dashboard/"),
        (Role.SCANNER, "/dashboard/team/invite/", "/dashboard/team/"),
        (Role.OWNER, "https://evil.example/", "/dashboard/"),
        (Role.OWNER, "//evil.example/dashboard/team/", "/dashboard/"),
        (Role.OWNER, "", "/dashboard/"),
    ],
)
def test_switching_keeps_to_the_page_that_is_most_like_the_one_left(
    organizer: User, signed_in: SignIn, role: Role, left: str, found: str
) -> None:
    MembershipFactory(user=organizer, role=role, organization__slug="night")
    answer = signed_in(organizer).post(CHOOSE, {"organization": "night", "from": left})
    assert answer["Location"] == found


@pytest.mark.parametrize("slug", ["harbour-arts", "none", "", "\x00"])
def test_a_stranger_cannot_choose_an_organization(
    stranger: User, organization: Organization, signed_in: SignIn, slug: str
) -> None:
    assert signed_in(stranger).post(CHOOSE, {"organization": slug}).status_code == 404


def test_pages_ask_a_visitor_to_sign_in_and_choosing_is_post_only(
    client: Client, person: User, signed_in: SignIn
) -> None:
    for path in (LIST, NEW):
        assert client.get(path)["Location"] == f"/account/login/?next={path}"
    assert signed_in(person).get(CHOOSE).status_code == 405
    assert signed_in(person).get(LIST).status_code == 200


@pytest.fixture
def link(organization: Organization, organizer: User, outbox: list[EmailMessage]) -> str:
    """An invitation's link, for ada@example.com."""
    invite_member(organization, email="ada@example.com", role="MANAGER", actor=organizer)
    return f"/invitations/{token_in(outbox.pop())}/"


def test_an_expired_invitation_says_so_and_whom_to_ask(link: str) -> None:
    Invitation.objects.update(expires_at=timezone.now())
    answer = Client().get(link)
    assert answer.status_code == 410
    assert "This invitation has expired. Ask for a new one." in answer.content.decode()
    assert "<h1>This link doesn’t work any more</h1>" in answer.content.decode()


def test_the_invited_person_accepts_with_one_press(link: str, person: User, signed_in: SignIn) -> None:
    client = signed_in(person)
    page = client.get(link)
    assert "Join Harbour Arts" in page.content.decode()
    assert not Membership.objects.filter(user=person).exists()
    response = client.post(link, follow=True)
    assert "Welcome to Harbour Arts." in response.content.decode()
    assert Membership.objects.get(user=person).role == Role.MANAGER


def test_somebody_new_signs_up_from_the_link_without_confirming_the_address_again(
    link: str, client: Client, outbox: list[EmailMessage]
) -> None:
    page = client.get(link).content.decode()
    assert f"/account/signup/?next={link}" in page
    assert client.post(link).status_code == 200
    form = {"email": "ada@example.com", "name": "Ada", "password1": "a long enough phrase", "next": link}
    response = client.post("/account/signup/", form)
    assert (response.status_code, response["Location"]) == (302, link)
    assert not outbox
    client.post(link)
    assert Membership.objects.get(user__email="ada@example.com").role == Role.MANAGER


def test_an_invitation_confirms_no_other_address(
    link: str, client: Client, outbox: list[EmailMessage]
) -> None:
    client.get(link)
    form = {"email": "eve@example.com", "name": "Eve", "password1": "a long enough phrase", "next": link}
    assert client.post("/account/signup/", form)["Location"] == "/account/confirm-email/"
    assert [mail.to for mail in outbox] == [["eve@example.com"]]


def test_somebody_else_is_told_whom_it_is_for_and_cannot_accept(
    link: str, stranger: User, signed_in: SignIn
) -> None:
    client = signed_in(stranger)
    page = client.get(link).content.decode()
    assert "This invitation is for <strong>ada@example.com</strong>" in page
    assert client.post(link).status_code == 403
    assert not Membership.objects.filter(user=stranger, organization__slug="harbour-arts").exists()


def test_signing_in_from_the_link_comes_back_to_it(link: str, person: User, client: Client) -> None:
    response = client.post("/account/login/", {"login": person.email, "password": PASSWORD, "next": link})
    assert response["Location"] == link


@pytest.mark.parametrize("token", ["nonsense", "x" * 300, "%00"])
def test_a_wrong_link_is_a_404(db: None, client: Client, token: str) -> None:
    assert client.get(f"/invitations/{token}/").status_code == 404
