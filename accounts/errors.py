"""What may go wrong with people, organizations and their keys."""

from django.utils.translation import gettext_lazy as _

from maly.errors import Forbidden, Invalid, MalyError, NotFound


class SlugTaken(Invalid):
    """Raised when another organization already has the address that was asked for."""

    message = _("Another organization has this address. Choose another one.")


class ProfileChanged(MalyError):
    """Raised when an organization's profile was saved by somebody else since the caller read it; nothing is saved."""

    code = "PROFILE_CHANGED"
    status = 409
    message = _(
        "Somebody else changed this profile while you were editing it. Nothing of yours is saved yet."
    )


class LastOwner(MalyError):
    """Raised when an organization would be left without an owner."""

    code = "LAST_OWNER"
    status = 409
    message = _("An organization needs an owner. Make somebody else an owner first.")


class AlreadyMember(MalyError):
    """Raised when the person invited is in the organization already."""

    code = "ALREADY_MEMBER"
    status = 409
    message = _("This person is already a member. Change their role in the list of members instead.")


class TeamFull(MalyError):
    """Raised when an organization has as many people as it may have; who is in it stays in it."""

    code = "TEAM_FULL"
    status = 409
    message = _("This team has no room for another person.")


class OwnershipFixed(MalyError):
    """Raised when a personal organization is to be handed over: it is its host's for good."""

    code = "OWNERSHIP_FIXED"
    status = 409
    message = _("A personal organization always belongs to its host. Make a team organization to hand over.")


class InvitationNotFound(NotFound):
    """Raised when an invitation's link fits none, or one that was withdrawn."""

    message = _("This invitation isn't valid any more. Ask for a new one.")


class InvitationExpired(MalyError):
    """Raised when an invitation is older than seven days."""

    code = "INVITATION_EXPIRED"
    status = 410
    message = _("This invitation has expired. Ask for a new one.")


class InvitationUsed(MalyError):
    """Raised when somebody else accepted the invitation."""

    code = "INVITATION_USED"
    status = 410
    message = _("This invitation has been used. Ask for a new one.")


class InvitationForAnother(Forbidden):
    """Raised when the person signed in isn't the one who was invited."""

    code = "INVITATION_FOR_ANOTHER"
    message = _("This invitation was sent to another email address. Sign in with that address to accept it.")


class MailServerSilent(MalyError):
    """Raised when a mail that somebody waits for can't be handed over."""

    code = "MAIL_SERVER_SILENT"
    status = 503
    message = _("The email could not be sent just now. Try again in a few minutes.")


class MailNotSent(MalyError):
    """Raised when what was to be told by email is saved, but the mail server refused it."""

    code = "MAIL_NOT_SENT"
    status = 502
    message = _(
        "The invitation is saved, but the email could not be sent. Invite the same address again to resend it."
    )


class BadCredentials(MalyError):
    """Raised when email and password don't belong together."""

    code = "INVALID_CREDENTIALS"
    status = 401
    message = _("The email address or the password is wrong.")


class EmailNotVerified(Forbidden):
    """Raised when somebody asks for a token before confirming that the address is theirs."""

    code = "EMAIL_NOT_VERIFIED"
    message = _("Confirm your email address first: open the link that we sent you.")


class MfaRequired(Forbidden):
    """Raised when a second factor stands between the caller and what was asked for."""

    code = "MFA_REQUIRED"
    message = _(
        "Owners and staff need two-factor authentication for this. Set it up on your account's security page."
    )


class MfaAccount(MfaRequired):
    """Raised when an account with a second factor asks for a token by password alone."""

    message = _(
        "This account uses two-factor authentication. Make a token on your account's API tokens page."
    )


class PremiumRequired(Forbidden):
    """Raised when something is asked for that Premium gives."""

    code = "PREMIUM_REQUIRED"
    message = _("This is part of Premium. An owner of the organization can get it at /premium/.")


class IdempotencyKeyReused(MalyError):
    """Raised when a key comes back with another request than the first."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 409
    message = _("This Idempotency-Key was used for another request. Send a new key with a new request.")


class IdempotencyKeyInUse(MalyError):
    """Raised when the first request with a key is still under way."""

    code = "IDEMPOTENCY_KEY_IN_USE"
    status = 409
    message = _("The first request with this Idempotency-Key is still under way. Try again in a moment.")
