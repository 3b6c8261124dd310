"""`Authorization: Door <token>` for the check-in calls: whoever has a door link, and no account."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from ticketing.models import DoorLink
from ticketing.services.door_links import find_door_link


class DoorAuthentication(BaseAuthentication):
    """Opens one event's check-in by a door link's token, while the link is open; nobody is signed in."""

    keyword = "Door"

    def authenticate(self, request: Request) -> tuple[AnonymousUser, DoorLink] | None:
        scheme, _space, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != self.keyword.lower():
            return None
        link = find_door_link(token.strip())
        if link is None or not link.is_open:
            raise AuthenticationFailed(
                _("This door link doesn't work any more. Ask the organizer for a new one.")
            )
        return AnonymousUser(), link


class IsMemberOrDoor(BasePermission):
    """Signed in, or with an open door link; for which event is `access.find_event_at_door`'s to say."""

    def has_permission(self, request: Request, _view: Any) -> bool:
        return request.user.is_authenticated or isinstance(request.auth, DoorLink)


class DoorScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names it."""

    target_class = DoorAuthentication
    name = "door"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return build_bearer_security_scheme_object(header_name="Authorization", token_prefix="Door")  # noqa: S106
