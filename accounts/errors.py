"""What may go wrong with people, organizations and their keys."""

from maly.errors import Forbidden, Invalid, MalyError, NotFound


class SlugTaken(Invalid):
    """Raised when another organization already has the address that was asked for."""

    message = "Another organization has this address. Choose another one."


class LastOwner(MalyError):
    """Raised when an organization would be left without an owner."""

    code = "LAST_OWNER"
    status = 409
    message = "An organization needs an owner. Make somebody else an owner first."


class AlreadyMember(MalyError):
    """Raised when the person invited is in the organization already."""

    code = "ALREADY_MEMBER"
    status = 409
    message = "This person is already a member. Change their role in the list of members instead."


class InvitationNotFound(NotFound):
    """Raised when an invitation's link fits none, or one that was withdrawn."""

    message = "This invitation isn't valid any more. Ask for a new one."


class InvitationExpired(MalyError):
    """Raised when an invitation is older than seven days."""

    code = "INVITATION_EXPIRED"
    status = 410
    message = "This invitation has expired. Ask for a new one."


class InvitationUsed(MalyError):
    """Raised when somebody else accepted the invitation."""

    code = "INVITATION_USED"
    status = 410
    message = "This invitation has been used. Ask for a new one."


class InvitationForAnother(Forbidden):
    """Raised when the person signed in isn't the one who was invited."""

    code = "INVITATION_FOR_ANOTHER"
    message = "This invitation was sent to another email address. Sign in with that address to accept it."


class MailNotSent(MalyError):
    """Raised when what was to be told by email is saved, but the mail server refused it."""

    code = "MAIL_NOT_SENT"
    status = 502
    message = "The invitation is saved, but the email could not be sent. Invite the same address again to resend it."


class BadCredentials(MalyError):
    """Raised when email and password don't belong together."""

    code = "INVALID_CREDENTIALS"
    status = 401
    message = "The email address or the password is wrong."


class EmailNotVerified(Forbidden):
    """Raised when somebody asks for a token before confirming that the address is theirs."""

    code = "EMAIL_NOT_VERIFIED"
    message = "Confirm your email address first: open the link that we sent you."


class MfaRequired(Forbidden):
    """Raised when a second factor stands between the caller and what was asked for."""

    code = "MFA_REQUIRED"
    message = (
        "Owners and staff need two-factor authentication for this. Set it up on your account's security page."
    )


class MfaAccount(MfaRequired):
    """Raised when an account with a second factor asks for a token by password alone."""

    message = "This account uses two-factor authentication. Make a token on your account's API tokens page."


class IdempotencyKeyReused(MalyError):
    """Raised when a key comes back with another request than the first."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 409
    message = "This Idempotency-Key was used for another request. Send a new key with a new request."


class IdempotencyKeyInUse(MalyError):
    """Raised when the first request with a key is still under way."""

    code = "IDEMPOTENCY_KEY_IN_USE"
    status = 409
    message = "The first request with this Idempotency-Key is still under way. Try again in a moment."
