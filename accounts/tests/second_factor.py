"""A second factor for a test's user."""

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from accounts.models import User


def add_second_factor(user: User) -> str:
    """Turn on an authenticator app; returns its secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret
