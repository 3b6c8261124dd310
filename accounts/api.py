"""The API of accounts: a token for an email and a password."""

from typing import Any

from django.contrib.auth import authenticate
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import BadCredentials, EmailNotVerified, MfaAccount
from accounts.models import User
from accounts.services.mfa import has_second_factor
from accounts.services.tokens import create_token
from accounts.services.users import has_verified_email
from maly.throttling import address, throttle


class ObtainToken(APIView):
    """POST /api/auth/token."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    @extend_schema_serializer(component_name="TokenRequest")
    class Input(serializers.Serializer[Any]):
        email = serializers.EmailField()
        password = serializers.CharField(max_length=1000, trim_whitespace=False)

    @extend_schema_serializer(component_name="Token")
    class Output(serializers.Serializer[Any]):
        token = serializers.CharField(
            help_text="Send it as `Authorization: Token <token>`. It is shown this once."
        )

    @extend_schema(request=Input, responses=Output, auth=[], operation_id="auth_token_create")
    def post(self, request: Request) -> Response:
        throttle("token", address(request))
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        email = given.validated_data["email"].lower()
        throttle("token", email)
        user = authenticate(request, email=email, password=given.validated_data["password"])
        if not isinstance(user, User):
            raise BadCredentials
        _require_password_is_enough(user)
        _token, key = create_token(user, name="Signed in by password")
        return Response(self.Output({"token": key}).data)


def _require_password_is_enough(user: User) -> None:
    """Where the sign-in page would ask for more than a password, a password gets no token."""
    if has_second_factor(user):
        raise MfaAccount
    if not has_verified_email(user):
        raise EmailNotVerified
