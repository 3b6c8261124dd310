"""The page of an organization's profile, by every role."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import Organization, Role, User
from accounts.services.profiles import FIELDS, version_of_profile
from accounts.tests.factories import MembershipFactory
from ticketing.models import Event
from ticketing.tests.factories import EventFactory

PROFILE = "/dashboard/settings/profile/"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def given(organization: Organization, **changes: Any) -> dict[str, Any]:
    said = {name: getattr(organization, name) for name in (*FIELDS, "slug")}
    return {**said, "version": version_of_profile(organization), **changes}


def picture() -> SimpleUploadedFile:
    image = io.BytesIO()
    Image.new("RGB", (400, 400)).save(image, format="PNG")
    return SimpleUploadedFile("logo.png", image.getvalue())


def test_an_admin_changes_it_and_buyers_read_it(
    organization: Organization,
    settings: Any,
    tmp_path: Any,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    settings.MEDIA_ROOT = tmp_path
    client = browser(MembershipFactory(organization=organization, role=Role.ADMIN).user)
    changes = {"name": "Harbour Collective", "tagline": "By the water", "website": "harbour.example"}
    form = given(organization, slug="Harbour", logo=picture(), **changes)
    page = client.post(PROFILE, form, follow=True).content.decode()
    assert "Saved. Buyers see it from now on." in page
    assert 'value="https://harbour.example"' in page
    assert "The logo now" in page
    assert 'value="http://testserver/organizers/harbour/"' in page
    with django_assert_max_num_queries(4):  # session, user, memberships, events
        client.get(PROFILE)
    public = Client().get("/organizers/harbour/").content.decode()
    for words in ("Harbour Collective", "By the water", "/media/logos/", 'property="og:image"'):
        assert words in public


def test_managers_read_it_and_scanners_do_not(
    organization: Organization, manager: User, scanner: User, stranger: User
) -> None:
    page = browser(manager).get(PROFILE).content.decode()
    assert "Owners and admins can change it." in page
    assert "Save profile" not in page
    for user, status in ((manager, 403), (scanner, 403)):
        assert browser(user).post(PROFILE, given(organization, name="Mine")).status_code == status
    assert browser(scanner).get(PROFILE).status_code == 403
    assert "Harbour Arts" not in browser(stranger).get(PROFILE).content.decode()
    organization.refresh_from_db()
    assert organization.name == "Harbour Arts"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("name", "", "Enter a name"),
        ("name", "\x00", "Null characters are not allowed."),
        ("website", "no address", "Enter a web address, like https://example.com"),
        ("contact_email", "nobody", "Enter an email address, like name@example.com"),
        ("slug", "a--b", "such as harbour-arts"),
        ("slug", "elsewhere", "Another organization has this address."),
        ("logo", SimpleUploadedFile("x.png", b"text"), "image that can be read."),
    ],
)
def test_bad_input_keeps_everything_typed_and_changes_nothing(
    organization: Organization, organizer: User, name: str, value: Any, words: str
) -> None:
    MembershipFactory(organization__slug="elsewhere")
    form = given(organization, tagline="Typed before", **{name: value})
    page = browser(organizer).post(PROFILE, form).content.decode()
    assert words in page
    assert "There is a problem" in page
    assert 'value="Typed before"' in page
    organization.refresh_from_db()
    assert (organization.tagline, organization.logo.name) == ("", "")


def test_the_address_is_fixed_once_buyers_may_have_it(organization: Organization, organizer: User) -> None:
    client = browser(organizer)
    EventFactory(organization=organization, status=Event.Status.DRAFT)
    assert "You can change it until your first event is published." in client.get(PROFILE).content.decode()
    EventFactory(organization=organization, status=Event.Status.CANCELLED)
    assert "so it can’t change any more" in client.get(PROFILE).content.decode()
    client.post(PROFILE, given(organization, slug="other", tagline="Changed"))
    organization.refresh_from_db()
    assert (organization.slug, organization.tagline) == ("harbour-arts", "Changed")


def test_what_another_saved_meanwhile_is_shown_before_it_is_overwritten(
    organization: Organization, organizer: User
) -> None:
    client, form = browser(organizer), given(organization, tagline="Mine")
    Organization.objects.filter(pk=organization.pk).update(tagline="Theirs")
    page = client.post(PROFILE, form).content.decode()
    assert "Somebody else changed this profile" in page
    assert "Theirs" in page
    assert 'value="Mine"' in page
    organization.refresh_from_db()
    assert organization.tagline == "Theirs"
    client.post(PROFILE, {**form, "version": version_of_profile(organization)})
    organization.refresh_from_db()
    assert organization.tagline == "Mine"


def test_a_preview_shows_the_text_and_saves_nothing(organization: Organization, organizer: User) -> None:
    form = given(organization, description="**Bold** words", name="", preview="1")
    page = browser(organizer).post(PROFILE, form).content.decode()
    assert "<strong>Bold</strong> words" in page
    assert "There is a problem" not in page
    organization.refresh_from_db()
    assert organization.description == ""


def test_a_visitor_signs_in_and_somebody_in_no_organization_has_no_profile(db: None, buyer: User) -> None:
    assert Client().get(PROFILE)["Location"].startswith("/account/login/")
    assert browser(buyer).get(PROFILE).status_code == 404


def test_an_owner_without_a_second_factor_sets_one_up_before_typing_anything(
    organization: Organization, organizer: User, manager: User, settings: Any
) -> None:
    settings.MFA_REQUIRED = True
    assert browser(organizer).get(PROFILE)["Location"] == "/account/2fa/"
    assert browser(manager).get(PROFILE).status_code == 200
