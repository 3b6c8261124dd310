"""The secrets of second factors: not readable in the database, and readable after the key was changed."""

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from pytest_django import Settings

from accounts.adapter import MfaAdapter
from accounts.models import User
from accounts.tests.second_factor import add_second_factor


def test_an_apps_secret_is_not_in_the_database(person: User) -> None:
    secret = add_second_factor(person)
    assert secret not in str(Authenticator.objects.values().get())


def test_a_secret_outlives_a_change_of_the_key_while_the_old_one_is_kept(settings: Settings) -> None:
    kept = MfaAdapter().encrypt("JBSWY3DPEHPK3PXP")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-key"
    assert MfaAdapter().decrypt(kept) == "JBSWY3DPEHPK3PXP"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(InvalidToken):
        MfaAdapter().decrypt(kept)


def test_the_apps_picture_is_dark_on_white_in_every_theme() -> None:
    svg = MfaAdapter().build_totp_svg("otpauth://totp/Maly:ada?secret=JBSWY3DPEHPK3PXP")
    assert 'fill="#fff"' in svg
    assert 'stroke="#000"' in svg
