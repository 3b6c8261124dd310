"""What an organization says of itself: saved at once or not at all, drawn anew, and written down."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pytest_django import Settings

from accounts.errors import ProfileChanged, SlugTaken
from accounts.models import AuditEntry, Organization, User
from accounts.services.profiles import FIELDS, edit_profile, version_of_profile
from accounts.tests.factories import OrganizationFactory
from maly.errors import Invalid


def save(organization: Organization, actor: User, **changes: Any) -> Organization:
    said = {name: getattr(organization, name) for name in (*FIELDS, "slug")}
    version = changes.pop("version", version_of_profile(organization))
    return edit_profile(organization, actor=actor, version=version, **{**said, **changes})


def picture(size: tuple[int, int] = (900, 300), mode: str = "RGBA") -> SimpleUploadedFile:
    image = io.BytesIO()
    Image.new(mode, size, "black").save(image, format="PNG")
    return SimpleUploadedFile("logo.png", image.getvalue())


def test_what_is_said_is_saved_and_only_what_changed_is_written_down(
    organization: Organization, organizer: User
) -> None:
    saved = save(organization, organizer, tagline=" By the water. ", website="https://harbour.example")
    assert (saved.tagline, saved.website) == ("By the water.", "https://harbour.example")
    entry = AuditEntry.objects.get(action="organization.profile_changed")
    assert entry.before == {"tagline": "", "website": ""}
    assert entry.after == {"tagline": "By the water.", "website": "https://harbour.example"}
    assert (entry.actor, entry.organization) == (organizer, organization)


def test_the_same_twice_is_saved_once_and_an_older_page_overwrites_nothing(
    organization: Organization, organizer: User
) -> None:
    version = version_of_profile(organization)
    for _time in range(2):
        save(organization, organizer, tagline="Ours", version=version)
    assert AuditEntry.objects.filter(action="organization.profile_changed").count() == 1
    with pytest.raises(ProfileChanged):
        save(organization, organizer, tagline="Theirs", version=version)
    organization.refresh_from_db()
    assert organization.tagline == "Ours"


def test_a_logo_is_drawn_anew_whole_on_white_and_taken_off(
    organization: Organization, organizer: User, settings: Settings, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    saved = save(organization, organizer, logo=picture())
    drawn = Image.open(saved.logo.path)
    assert (drawn.size, drawn.format) == ((320, 320), "JPEG")
    assert sum(drawn.getpixel((160, 160))) < 60  # the picture
    assert sum(drawn.getpixel((160, 20))) > 700  # what it left free
    assert "logo" not in saved.logo.name.removeprefix("logos/")
    assert not save(saved, organizer, no_logo=True).logo


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"tagline": "x" * 141}, "tagline"),
        ({"description": "x" * 20_001}, "description"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"website": "ftp://example.com"}, "website"),
        ({"contact_email": "nobody"}, "contact_email"),
        ({"slug": "No Way"}, "slug"),
        ({"slug": "a--b"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "x" * 61}, "slug"),
        ({"slug": "taken", "tagline": "New"}, "slug"),
        ({"logo": SimpleUploadedFile("x.png", b"<svg onload=alert(1)>")}, "logo"),
    ],
)
def test_what_cannot_be_said_changes_nothing(
    organization: Organization, organizer: User, changes: dict[str, Any], attr: str
) -> None:
    OrganizationFactory(slug="taken")
    before = version_of_profile(organization)
    with pytest.raises((Invalid, SlugTaken)) as refused:
        save(organization, organizer, **changes)
    assert refused.value.attr == attr
    organization.refresh_from_db()
    assert version_of_profile(organization) == before
    assert not AuditEntry.objects.filter(action="organization.profile_changed").exists()


def test_an_address_is_moved(organization: Organization, organizer: User) -> None:
    save(organization, organizer, slug="harbour")
    organization.refresh_from_db()
    assert organization.slug == "harbour"
    assert AuditEntry.objects.get(action="organization.profile_changed").after == {"slug": "harbour"}
