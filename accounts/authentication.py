"""`Authorization: Token <key>` for the API."""

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.services.tokens import find_token


class TokenAuthentication(BaseAuthentication):
    """Signs in by a token's key; being first in the list it makes every refusal a 401 with its challenge."""

    keyword = "Token"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, key = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != self.keyword.lower():
            return None
        token = find_token(key.strip())
        if token is None:
            raise AuthenticationFailed(
                _("This token isn't valid. Make a new one on your account's API tokens page.")
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return self.keyword
