"""The base of every error that a caller can act on."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class MalyError(Exception):
    """Raised by a service when the request cannot be done; carries a code, an HTTP status and words for people.

    Subclasses set `code`, `status` and a default `message` that says what to do next.
    """

    code = "ERROR"
    status = 400
    message: str | Promise = _("This can't be done.")

    def __init__(self, message: str | None = None, *, attr: str | None = None) -> None:
        self.detail = message or str(self.message)
        self.attr = attr
        super().__init__(self.detail)


class NotFound(MalyError):
    """Raised when an object isn't there, or isn't the caller's: the two are one answer."""

    code = "not_found"
    status = 404
    message = _("Not found.")


class Forbidden(MalyError):
    """Raised when a member of the organization lacks the role."""

    code = "permission_denied"
    status = 403
    message = _("Your role in this organization doesn't allow this. Ask an owner or admin.")


class Invalid(MalyError):
    """Raised when a value can't be accepted; `attr` names the field."""

    code = "invalid"
    message = _("This value isn't valid.")
